#include "bookstore/functions/databases.hpp"

#include "io/clock.hpp"

#include <chrono>

namespace cloudshelf::bookstore {

using namespace std::chrono_literals;

namespace {

constexpr Duration role_limit = 300ms;
constexpr Duration good_for = 1s;

}  // namespace

Databases::Databases(const std::vector<PostgresServer>& servers, const PostgresOptions& options) {
    for (const auto& server : servers) sites_.push_back({.pool = std::make_unique<PostgresPool>(server, options)});
}

void Databases::look() {
    if (io::now() < good_until_) return;
    for (auto& site : sites_) {
        const auto role = site.pool->role(role_limit);
        site.answers = role.has_value();
        site.is_primary = role && *role == PostgresPool::Role::primary;
    }
    good_until_ = io::now() + good_for;
    in_doubt_ = false;
}

PostgresPool* Databases::in_region(std::string_view region) {
    for (auto& site : sites_) {
        if (site.pool->region() == region) return site.pool.get();
    }
    return nullptr;
}

PostgresPool* Databases::find_writer() {
    look();
    for (auto& site : sites_) {
        if (site.is_primary) return site.pool.get();
    }
    return nullptr;
}

std::vector<PostgresPool*> Databases::readers() {
    if (in_doubt_) look();
    std::vector<PostgresPool*> order;
    for (const bool answering : {true, false}) {
        for (auto& site : sites_) {
            if (site.answers == answering) order.push_back(site.pool.get());
        }
    }
    return order;
}

bool Databases::ours_answers() {
    look();
    return !sites_.empty() && sites_.front().answers;
}

void Databases::warm() {
    for (auto& site : sites_) {
        const auto opened = site.pool->warm(1);
        site.answers = opened.has_value();
    }
}

void Databases::look_again() {
    good_until_ = {};
    in_doubt_ = true;
}

}  // namespace cloudshelf::bookstore
