# SPDX-License-Identifier: Apache-2.0
# cmake -D DOXYGEN=<program> -D SOURCE_DIR=<repository> -D OUTPUT=<folder, emptied> -P MakeReference.cmake
#
# Makes the site: the reference of the public headers, and the pages of docs/. Fails on any warning of
# Doxygen, which also warns about links to pages and headings that do not exist.
cmake_minimum_required(VERSION 3.25)
include("${SOURCE_DIR}/cmake/Version.cmake")

file(REMOVE_RECURSE "${OUTPUT}")
file(MAKE_DIRECTORY "${OUTPUT}")
file(GLOB pages "${SOURCE_DIR}/README.md" "${SOURCE_DIR}/C*.md" "${SOURCE_DIR}/SECURITY.md"
     "${SOURCE_DIR}/docs/*.md" "${SOURCE_DIR}/findings/README.md")
list(JOIN pages "\" \"" PAGES)
set(PAGES "\"${PAGES}\"")
configure_file("${SOURCE_DIR}/docs/Doxyfile.in" "${OUTPUT}/Doxyfile" @ONLY)
execute_process(COMMAND "${DOXYGEN}" "${OUTPUT}/Doxyfile" RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "reference: Doxygen warns, see above")
endif()
message(STATUS "reference: ${OUTPUT}/index.html")
