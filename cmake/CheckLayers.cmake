# SPDX-License-Identifier: Apache-2.0
# cmake -D SOURCE_DIR=<repository> -P CheckLayers.cmake
#
# Holds every header to the layers of docs/design.md. A header includes lower layers or its own:
#   1 version, config
#   2 view, error, policy, element, settings/
#   3 detail/simd/, detail/*.hpp, *.inc     what everything is built of
#   4 detail/search/, detail/pairs/         the exact search for pairs; laws over all pairs
#   5 detail/{mining,losses,evaluation,io}/ rooms, which do not include each other
#   6 the primitives: the other headers of coupleface/ itself
#   7 {mining,losses,evaluation,io}/        rooms again, each with its own in detail/
#   8 interop/, the umbrella
# What lies in detail/cuda/ has the layer of its place in detail/, and is included by its twin there
# and by detail/cuda/ alone. A loss never includes another loss.
cmake_minimum_required(VERSION 3.25)

set(root "${SOURCE_DIR}/include")
file(GLOB_RECURSE headers RELATIVE "${root}" "${root}/*.hpp" "${root}/*.inc" "${root}/*.cuh")
set(problems "")
set(eigen_headers "")

# The layer of a header, and its room where it has one.
function(place_of header layer_result room_result)
  string(REPLACE "coupleface/detail/cuda/" "coupleface/detail/" header "${header}")
  set(room "")
  if(header MATCHES "^coupleface/(version|config)\\.hpp$")
    set(layer 1)
  elseif(header MATCHES "^coupleface/((view|error|policy|element)\\.hpp$|settings/)")
    set(layer 2)
  elseif(header MATCHES "^coupleface/detail/(simd/)?[a-z_0-9]+\\.(hpp|inc|cuh)$")
    set(layer 3)
  elseif(header MATCHES "^coupleface/detail/(search|pairs)/")
    set(layer 4)
  elseif(header MATCHES "^coupleface/(detail/)?(mining|losses|evaluation|io)/")
    set(room ${CMAKE_MATCH_2})
    if(CMAKE_MATCH_1)
      set(layer 5)
    else()
      set(layer 7)
    endif()
  elseif(header MATCHES "^coupleface/(interop/|coupleface\\.hpp$)")
    set(layer 8)
  elseif(header MATCHES "^coupleface/[a-z_0-9]+\\.hpp$")
    set(layer 6)
  else()
    set(layer "none")
  endif()
  set(${layer_result} ${layer} PARENT_SCOPE)
  set(${room_result} "${room}" PARENT_SCOPE)
endfunction()

# A header of losses/ that declares some *_loss.
function(is_loss header result)
  set(${result} FALSE PARENT_SCOPE)
  if(header MATCHES "^coupleface/losses/" AND EXISTS "${root}/${header}")
    file(READ "${root}/${header}" text)
    if(text MATCHES "\nvoid [a-z_0-9]*loss\\(")
      set(${result} TRUE PARENT_SCOPE)
    endif()
  endif()
endfunction()

foreach(header ${headers})
  place_of(${header} layer room)
  if(layer STREQUAL "none")
    list(APPEND problems "${header}: in no layer")
    continue()
  endif()

  file(STRINGS "${root}/${header}" lines REGEX "^[ \t]*#[ \t]*(include|define COUPLEFACE_KERNELS_FILE )")
  foreach(line ${lines})
    string(REGEX REPLACE "define COUPLEFACE_KERNELS_FILE \"(.*)\"" "include <\\1>" line "${line}")
    if(line MATCHES "#[ \t]*include[ \t]*\"")
      list(APPEND problems "${header}: include with <coupleface/...>, not: ${line}")
      continue()
    elseif(NOT line MATCHES "<([^>]+)>")
      continue()
    endif()
    set(included "${CMAKE_MATCH_1}")

    if(included MATCHES "^Eigen/" AND layer LESS 8)
      list(APPEND eigen_headers ${header})
    elseif(included STREQUAL "thrust/execution_policy.h")
      list(APPEND problems "${header}: includes <${included}>, which is for users to include")
    endif()
    if(NOT included MATCHES "^coupleface/")
      continue()
    endif()

    if(NOT EXISTS "${root}/${included}")
      list(APPEND problems "${header}: includes <${included}>, which does not exist")
      continue()
    endif()
    place_of(${included} included_layer included_room)
    if(included_layer GREATER layer)
      list(APPEND problems "${header}: includes <${included}> of a higher layer")
    elseif(room AND included_room AND NOT room STREQUAL included_room)
      list(APPEND problems "${header}: includes <${included}>, another room")
    elseif(included_layer EQUAL 8 AND NOT header MATCHES "/interop/")
      list(APPEND problems "${header}: includes the adapter or umbrella <${included}>")
    endif()

    # The public twins tell which of the detail headers belong to losses.
    string(REPLACE "coupleface/detail/losses/" "coupleface/losses/" twin "${header}")
    string(REPLACE "coupleface/detail/losses/" "coupleface/losses/" included_twin "${included}")
    if(NOT twin STREQUAL included_twin)
      is_loss(${twin} one)
      is_loss(${included_twin} other)
      if(one AND other)
        list(APPEND problems "${header}: a loss includes another loss, <${included}>")
      endif()
    endif()

    if(included MATCHES "^coupleface/detail/cuda/(.*)\\.cuh$")
      set(twin "coupleface/detail/${CMAKE_MATCH_1}.hpp")
      if(NOT header STREQUAL twin AND NOT header MATCHES "^coupleface/detail/cuda/")
        list(APPEND problems
             "${header}: includes <${included}>, which is for its twin in detail/ alone")
      endif()
    endif()
  endforeach()
endforeach()

if(NOT headers)
  list(APPEND problems "no headers under ${root}")
elseif(eigen_headers)
  list(APPEND problems "Eigen is included by: ${eigen_headers}; only its adapter in interop/ may")
endif()

if(problems)
  list(JOIN problems "\n  " text)
  message(FATAL_ERROR "layers:\n  ${text}")
endif()
list(LENGTH headers count)
message(STATUS "layers: ${count} headers keep to them")
