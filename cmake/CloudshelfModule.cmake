# cloudshelf_module(core DEPENDS base LIBRARIES Boost::json)                      a pure module
# cloudshelf_module(drivers_dns IO DEPENDS io wire core base LIBRARIES …)         one that touches the world
#
# One folder, one static library. A file's suffix says what it is:
#   x.hpp x.cpp      the module            x_test.cpp      needs nothing, runs in milliseconds   (label unit)
#   x_livetest.cpp   needs real servers    (label live)    x_main.cpp   the main() of a program, added by hand
#   x_bench.cpp      a benchmark, built by `make bench`    x_fuzz.cpp   a fuzzer, built by the fuzz preset
function(cloudshelf_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "IO" "" "DEPENDS;LIBRARIES")
  set(kind pure)
  if(arg_IO)
    set(kind io)
  endif()
  file(GLOB headers CONFIGURE_DEPENDS *.hpp)
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cpp)
  file(GLOB livetests CONFIGURE_DEPENDS *_livetest.cpp)
  list(FILTER headers EXCLUDE REGEX "_test\\.hpp$")  # suites that several test programs share
  list(FILTER sources EXCLUDE REGEX "_(test|livetest|bench|fuzz|main)\\.cpp$")
  if(NOT sources)  # a module of headers alone still gets a library, so that every module is linked the same way
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/empty.cpp "")
    set(sources ${CMAKE_CURRENT_BINARY_DIR}/empty.cpp)
  endif()
  add_library(${name} STATIC ${sources})
  target_sources(${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/src FILES ${headers})
  target_link_libraries(${name} PUBLIC ${arg_DEPENDS} ${arg_LIBRARIES} Boost::json fmt::fmt Threads::Threads)
  target_precompile_headers(${name} REUSE_FROM pch_${kind})
  set_target_properties(${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)  # each header compiles alone

  # Links the whole module with what it declares and nothing else: an undeclared use fails here, with a name.
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/links_main.cpp "int main() {}\n")
  add_executable(${name}_links ${CMAKE_CURRENT_BINARY_DIR}/links_main.cpp)
  target_link_libraries(${name}_links PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,${name}>)

  # Only the fuzz preset links libFuzzer: plan_load_fuzz, drivers_dns_packet_fuzz, … (`make fuzz` runs them all).
  if(CLOUDSHELF_SANITIZE MATCHES fuzzer)
    file(GLOB fuzzers CONFIGURE_DEPENDS *_fuzz.cpp)
    foreach(fuzzer IN LISTS fuzzers)
      get_filename_component(fuzzer_name ${fuzzer} NAME_WE)
      add_executable(${name}_${fuzzer_name} ${fuzzer})
      target_link_libraries(${name}_${fuzzer_name} PRIVATE ${name})
      target_link_options(${name}_${fuzzer_name} PRIVATE -fsanitize=fuzzer)
      set_target_properties(${name}_${fuzzer_name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzzers)
      add_dependencies(fuzzers ${name}_${fuzzer_name})
    endforeach()
    return()  # the tests have presets of their own
  endif()

  cloudshelf_test_program(${name}_test ${kind} unit ${name} "${tests}")
  cloudshelf_test_program(${name}_livetest ${kind} live ${name} "${livetests}")
endfunction()

# One program for all tests of a module with the same needs.
function(cloudshelf_test_program program kind label module sources)
  if(NOT sources)
    return()
  endif()
  add_executable(${program} ${sources})
  target_link_libraries(${program} PRIVATE ${module} GTest::gmock GTest::gtest_main)
  target_precompile_headers(${program} REUSE_FROM pch_${kind}_test)
  target_include_directories(${program} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(
    ${program} PRIVATE SCRIPTS="${CMAKE_CURRENT_SOURCE_DIR}/scripts" SOURCE_ROOT="${PROJECT_SOURCE_DIR}"
                       PROGRAMS="${PROJECT_SOURCE_DIR}/bin")
  add_test(NAME ${program} COMMAND ${program})
  set_tests_properties(
    ${program} PROPERTIES LABELS ${label} TIMEOUT 300
                          ENVIRONMENT "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/support/lsan.supp;TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/support/tsan.supp"
  )
  if(label STREQUAL live)  # real servers against real deadlines: nothing else may take their processor
    set_tests_properties(${program} PROPERTIES RUN_SERIAL TRUE)
  endif()
endfunction()

# cloudshelf_program(cloudshelf SOURCES main.cpp DEPENDS controller …): a program that users run, left in bin/.
function(cloudshelf_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS} Boost::json fmt::fmt Threads::Threads)
  target_precompile_headers(${name} REUSE_FROM pch_io)
  if(NOT CLOUDSHELF_SANITIZE)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_SOURCE_DIR}/bin)
  endif()
endfunction()
