# Headers that cost seconds to parse and never change, parsed once per kind of target:
#   pch_pure   what pure modules may see           pch_io   that, and Asio
#   pch_pure_test, pch_io_test                     the same with GoogleTest
set(pure_headers <algorithm> <array> <chrono> <compare> <cstdint> <expected> <filesystem> <functional> <map> <memory>
    <optional> <ranges> <set> <span> <sstream> <string> <string_view> <utility> <variant> <vector> <boost/json.hpp>
    <fmt/format.h>)
set(io_headers ${pure_headers} <atomic> <mutex> <thread> <boost/asio.hpp>)

function(cloudshelf_precompiled name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;LIBRARIES")
  file(WRITE ${CMAKE_BINARY_DIR}/${name}.cpp "")
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/${name}.cpp)
  target_link_libraries(${name} PRIVATE Boost::json fmt::fmt Threads::Threads ${arg_LIBRARIES})
  target_precompile_headers(${name} PRIVATE ${arg_HEADERS})
endfunction()

cloudshelf_precompiled(pch_pure HEADERS ${pure_headers})
cloudshelf_precompiled(pch_io HEADERS ${io_headers})
cloudshelf_precompiled(pch_pure_test HEADERS ${pure_headers} <gtest/gtest.h> LIBRARIES GTest::gtest)
cloudshelf_precompiled(pch_io_test HEADERS ${io_headers} <gtest/gtest.h> LIBRARIES GTest::gtest)
