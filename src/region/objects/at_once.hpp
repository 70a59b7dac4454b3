#pragma once

#include "io/task.hpp"

#include <cstddef>
#include <functional>

namespace cloudshelf::objects {

/// Does `work` for every number below `count`, at most `at_once` of them at a time, begun in order. Answers when all
/// have ended.
io::Task<void> each_at_once(std::size_t count, std::size_t at_once, std::function<io::Task<void>(std::size_t)> work);

}  // namespace cloudshelf::objects
