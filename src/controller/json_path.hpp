#pragma once

#include <boost/json/value.hpp>

#include <string>

/// Reading what agents answer: a field that is not there, or of another kind, counts as nothing.
namespace cloudshelf::controller {

inline const boost::json::value* find(const boost::json::value& value, const char* pointer) {
    boost::system::error_code none;
    return value.find_pointer(pointer, none);
}
inline bool is_true(const boost::json::value& value, const char* pointer) {
    const auto* found = find(value, pointer);
    return found && found->is_bool() && found->as_bool();
}
inline double number(const boost::json::value& value, const char* pointer) {
    const auto* found = find(value, pointer);
    return found && found->is_number() ? found->to_number<double>() : 0;
}
inline std::string text(const boost::json::value& value, const char* pointer) {
    const auto* found = find(value, pointer);
    return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

}  // namespace cloudshelf::controller
