#pragma once

#include "plan/load.hpp"

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::plan {

/// Where something stands, from 1.
struct Mark {
    int line = 1;
    int column = 1;
};

/// One value of a YAML document. Texts are as written: nothing is guessed to be a number or a boolean.
struct Node {
    enum class Kind { scalar, map, list };

    Kind kind = Kind::scalar;
    Mark mark;
    std::string text;          // of a scalar
    bool quoted = false;       // "no" is a text, a plain no is a boolean
    std::vector<Node> keys;    // of a map, in the order of the file
    std::vector<Node> values;  // of a map or a list

    /// A plain scalar without text, `~` or `null`.
    bool is_blank() const;
};

/// The document as a tree. Refused, with a place: more than 1 MiB, bytes that are not UTF-8, control characters, tabs
/// as indentation, more than 32 levels, anchors, aliases, tags, duplicate keys, a second document.
std::expected<Node, std::vector<Problem>> parse_yaml(std::string_view text, std::string_view file);

}  // namespace cloudshelf::plan
