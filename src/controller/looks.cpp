#include "controller/looks.hpp"

#include "io/clock.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace cloudshelf::controller {
namespace {

namespace json = boost::json;

std::int64_t process_begun() {
    static const std::int64_t at = io::now().time_since_epoch().count();
    return at;
}

}  // namespace

void Looks::saw(const core::CheckName& check, core::Observation observation) {
    looks_.push_back({check, observation});
    ++next_;
    failures_ += core::is_failure(observation) ? 1 : 0;
    if (looks_.size() > kept_max) looks_.pop_front();
}

json::object Looks::since(std::uint64_t after) const {
    const std::uint64_t first = next_ - looks_.size();
    json::array list;
    for (std::uint64_t n = std::max(after, first); n < next_; ++n) {
        const Look& look = looks_[n - first];
        list.push_back({json::string(look.check.value()), core::name(look.observation)});
    }
    return {{"begun", process_begun()}, {"next", next_}, {"looks", std::move(list)}};
}

std::string LooksElsewhere::target() const {
    return fmt::format("/v1/looks?after={}", next_);
}

void LooksElsewhere::heard(const json::value& answer, const Told& told) {
    boost::system::error_code bad;
    const auto* begun = answer.find_pointer("/begun", bad);
    const auto* next = answer.find_pointer("/next", bad);
    const auto* looks = answer.find_pointer("/looks", bad);
    if (!begun || !next || !looks || !begun->is_int64() || !next->is_number() || !looks->is_array()) return;
    const bool anew = begun->get_int64() != begun_;
    begun_ = begun->get_int64();
    // Numbered by another process: what was asked for means nothing. The next question gets it all.
    const bool skipped = anew && next_ != 0;
    next_ = skipped ? 0 : next->to_number<std::uint64_t>(bad);
    if (skipped) return;
    for (const auto& look : looks->get_array()) {
        const auto* parts = look.if_array();
        if (parts == nullptr || parts->size() != 2 || !parts->at(0).is_string() || !parts->at(1).is_string()) continue;
        const auto observation = core::observation_named(parts->at(1).get_string());
        if (observation) told(core::CheckName(parts->at(0).get_string().c_str()), *observation);
    }
}

}  // namespace cloudshelf::controller
