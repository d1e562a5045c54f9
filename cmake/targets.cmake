# SPDX-License-Identifier: Apache-2.0

# vtl_library(NAME SOURCES ... [LINK ...]): one static library of a folder.
function(vtl_library name)
  cmake_parse_arguments(A "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  target_link_libraries(${name} PUBLIC vtl_flags ${A_LINK})
endfunction()

# vtl_test(NAME SOURCES ... [LINK ...] [LABEL label] [TIMEOUT s]): one cmocka program that is one ctest test.
function(vtl_test name)
  cmake_parse_arguments(A "" "LABEL;TIMEOUT" "SOURCES;LINK" ${ARGN})
  if(NOT A_LABEL)
    set(A_LABEL unit)
  endif()
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE vtl_flags PkgConfig::CMOCKA ${A_LINK})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${A_LABEL} TIMEOUT ${A_TIMEOUT})
endfunction()
