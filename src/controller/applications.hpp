#pragma once

#include "controller/application.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::controller {

/// All applications of a control plane, in the order of its configuration, and by what they are asked for. There is at
/// least one.
class Applications {
public:
    Application& add(std::unique_ptr<Application> application) {
        Application& added = *application;
        by_name_.emplace(added.config().name, &added);
        by_lease_.emplace(added.config().lease_key(), &added);
        places_.emplace(&added, all_.size());
        all_.push_back(std::move(application));
        return added;
    }

    auto begin() const { return all_.begin(); }
    auto end() const { return all_.end(); }
    std::size_t size() const { return all_.size(); }
    Application& front() const { return *all_.front(); }

    /// In this order, from 0.
    std::size_t place_of(const Application& application) const { return places_.at(&application); }
    /// Null where there is none.
    Application* named(std::string_view name) const { return find(by_name_, name); }
    /// By the key of its lease in the state store.
    Application* with_lease(std::string_view key) const { return find(by_lease_, key); }
    Application* with_execution(const std::string& id) const {
        for (const auto& application : all_) {
            if (application->execution(id) != nullptr) return application.get();
        }
        return nullptr;
    }

private:
    using Index = std::map<std::string, Application*, std::less<>>;
    static Application* find(const Index& index, std::string_view key) {
        const auto found = index.find(key);
        return found == index.end() ? nullptr : found->second;
    }

    std::vector<std::unique_ptr<Application>> all_;
    Index by_name_;
    Index by_lease_;
    std::map<const Application*, std::size_t> places_;
};

}  // namespace cloudshelf::controller
