# SPDX-License-Identifier: Apache-2.0
# The target `documentation`: the reference and the pages of docs/ as one site, by Doxygen.
find_program(COUPLEFACE_DOXYGEN doxygen)
mark_as_advanced(COUPLEFACE_DOXYGEN)
if(COUPLEFACE_DOXYGEN)
  add_custom_target(documentation
    COMMAND ${CMAKE_COMMAND} -D "DOXYGEN=${COUPLEFACE_DOXYGEN}" -D "SOURCE_DIR=${PROJECT_SOURCE_DIR}"
            -D "OUTPUT=${PROJECT_BINARY_DIR}/documentation"
            -P "${PROJECT_SOURCE_DIR}/cmake/MakeReference.cmake"
    VERBATIM)
else()
  add_custom_target(documentation
    COMMAND ${CMAKE_COMMAND} -E echo "documentation: doxygen was not found"
    COMMAND ${CMAKE_COMMAND} -E false
    VERBATIM)
endif()
