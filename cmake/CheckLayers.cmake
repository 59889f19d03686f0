# cmake -D SOURCE_DIR=<repository> -P CheckLayers.cmake
#
# Holds every header to the layers of docs/design.md:
#   config -> {view, error, policy, element, plain settings} -> detail -> primitives
#          -> {mining, losses, evaluation, io} -> {interop, umbrella}
# A header includes lower layers, or its own: there within its folder only, and a loss never another
# loss.
cmake_minimum_required(VERSION 3.25)

set(root "${SOURCE_DIR}/include")
file(GLOB_RECURSE headers RELATIVE "${root}" "${root}/*.hpp" "${root}/*.cuh")
set(problems "")
set(eigen_headers "")

function(layer_of header result)
  if(header MATCHES "^coupleface/(version|config)\\.hpp$")
    set(layer 0)
  elseif(header MATCHES "^coupleface/(view|error|policy|element|bank_update|losses/(penalty|margin))\\.hpp$")
    set(layer 1)
  elseif(header MATCHES "^coupleface/detail/")
    set(layer 2)
  elseif(header MATCHES "^coupleface/(mining|losses|evaluation|io)/")
    set(layer 4)
  elseif(header MATCHES "^coupleface/(interop/.*|coupleface\\.hpp)$")
    set(layer 5)
  elseif(header MATCHES "^coupleface/[a-z_0-9]+\\.hpp$")
    set(layer 3)
  else()
    set(layer "none")
  endif()
  set(${result} ${layer} PARENT_SCOPE)
endfunction()

# A header of losses/ that declares some *_loss; the others there (penalties) are parts of losses.
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
  layer_of(${header} layer)
  if(layer STREQUAL "none")
    list(APPEND problems "${header}: in no layer")
    continue()
  endif()
  get_filename_component(folder "${header}" DIRECTORY)

  file(STRINGS "${root}/${header}" lines REGEX "^[ \t]*#[ \t]*include")
  foreach(line ${lines})
    if(line MATCHES "#[ \t]*include[ \t]*\"")
      list(APPEND problems "${header}: include with <coupleface/...>, not: ${line}")
      continue()
    elseif(NOT line MATCHES "<([^>]+)>")
      continue()
    endif()
    set(included "${CMAKE_MATCH_1}")

    if(included MATCHES "^Eigen/" AND layer LESS 5)
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
    layer_of(${included} included_layer)
    get_filename_component(included_folder "${included}" DIRECTORY)
    if(included_layer GREATER layer)
      list(APPEND problems "${header}: includes <${included}> of a higher layer")
    elseif(included_layer EQUAL 4 AND layer EQUAL 4 AND NOT folder STREQUAL included_folder)
      list(APPEND problems "${header}: includes <${included}>, a folder of the same layer")
    elseif(included_layer EQUAL 5 AND NOT header MATCHES "/interop/")
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

    if(included MATCHES "^coupleface/detail/cuda/(.*)\\.cuh$" AND
       NOT header STREQUAL "coupleface/detail/${CMAKE_MATCH_1}.hpp" AND
       NOT header MATCHES "^coupleface/detail/cuda/")
      list(APPEND problems
           "${header}: includes <${included}>, which is for its twin in detail/ alone")
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
