#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace cloudshelf::io {

/// A coroutine on the loop. Takes values, not references; one co_await, one named result (style §5.5).
template <class T>
using Task = boost::asio::awaitable<T>;

using Executor = boost::asio::any_io_executor;

}  // namespace cloudshelf::io
