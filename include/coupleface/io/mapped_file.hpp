// SPDX-License-Identifier: Apache-2.0
// coupleface: a file mapped into memory, read-only.
#pragma once

#include <coupleface/detail/io/mapped_file.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief A regular file in the host's memory, read-only; its pages are read when touched.
///
/// mapped_file(path): maps the whole file. data(): its first byte, null where the file is empty.
/// size(): its bytes when it was opened. path(): the name. It cannot be copied; data() is good as
/// long as it lives, also when the file is replaced or deleted meanwhile.
/// @pre nobody shortens the file meanwhile: touching what was cut off ends the process (SIGBUS)
/// @throws std::runtime_error naming file and reason, if it cannot be opened or is not a regular
///   file (folders, pipes and devices are refused, a pipe without waiting for a writer)
/// @complexity O(1). Source: ours.
using mapped_file = detail::mapped_file;

COUPLEFACE_NAMESPACE_END
