# One compiler, one linker, one set of warnings, for every target. docs/decisions/0001-compiler.md says why.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers -Werror)
add_link_options(-fuse-ld=lld)
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  # -g1: line tables are all a backtrace needs; full debug information doubles link time and the size of every object.
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
endif()
if(CLOUDSHELF_SANITIZE)
  add_compile_options(-fsanitize=${CLOUDSHELF_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CLOUDSHELF_SANITIZE})
endif()

# ccache, where it is installed. Precompiled headers need the two settings below to be cacheable.
find_program(ccache_program ccache)
if(ccache_program)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
      ${ccache_program})
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
endif()
