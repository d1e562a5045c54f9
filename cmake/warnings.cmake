# SPDX-License-Identifier: Apache-2.0
# One interface target that carries the warning, hardening and sanitizer flags of every target.
add_library(vtl_flags INTERFACE)
target_compile_definitions(vtl_flags INTERFACE _GNU_SOURCE G_LOG_DOMAIN="tcmu-vtl")
target_include_directories(vtl_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
target_compile_options(vtl_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wvla -Walloca -Wundef -Wwrite-strings -Wpointer-arith -Wcast-qual
  -Wmissing-prototypes -Wstrict-prototypes -Wold-style-definition -Wredundant-decls -Wformat=2
  -Wconversion -Wsign-conversion -Wswitch-enum -fno-common)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  target_compile_options(vtl_flags INTERFACE
    -Wformat-signedness -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wcast-align=strict
    -Wimplicit-fallthrough=5 -Wjump-misses-init)
else()
  target_compile_options(vtl_flags INTERFACE
    -Wcomma -Wunreachable-code-aggressive -Wextra-semi-stmt -Wassign-enum -Wdocumentation)
endif()
# Sanitizers put guard zones between the variables of a frame: their frames say nothing about ours.
if(NOT VTL_SANITIZE)
  target_compile_options(vtl_flags INTERFACE -Wframe-larger-than=2048)
endif()
# At -O2 it complains of paths that a failed assertion of a test has left already.
if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(vtl_flags INTERFACE -Wnull-dereference)
endif()
if(VTL_WERROR)
  target_compile_options(vtl_flags INTERFACE -Werror)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(vtl_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
    -fstack-protector-strong -fstack-clash-protection)
  target_link_options(vtl_flags INTERFACE -Wl,-z,relro -Wl,-z,now)
endif()
if(VTL_SANITIZE)
  target_compile_options(vtl_flags INTERFACE -fsanitize=${VTL_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(vtl_flags INTERFACE -fsanitize=${VTL_SANITIZE})
endif()
