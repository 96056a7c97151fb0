# Language, warnings and sanitizers, the same for all code of ours.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(DOKKU_WERROR "Warnings are errors" ON)
set(DOKKU_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(dokku_flags INTERFACE)
target_compile_options(dokku_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Wno-missing-field-initializers
  $<$<BOOL:${DOKKU_WERROR}>:-Werror>)
if(DOKKU_SANITIZE)
  add_compile_options(-fsanitize=${DOKKU_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${DOKKU_SANITIZE})
endif()
# Builds of one tree in several folders share a compiler cache only without absolute paths.
add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)

# A program maps the libraries that it uses, not those that its modules might use.
add_link_options(-Wl,--as-needed)

if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-ffunction-sections -fdata-sections -fstack-protector-strong
                      -D_FORTIFY_SOURCE=2)
  add_link_options(-Wl,--gc-sections -Wl,-z,relro,-z,now -s)
endif()
