// SPDX-License-Identifier: Apache-2.0
// coupleface: a file that appears whole or not at all.
#pragma once

#include <coupleface/detail/io/atomic_file.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief A new file that is written beside `path` and takes that name in commit(), when its bytes
/// are on the disk. Without a commit nothing of it remains, and what was at `path` stays.
///
/// atomic_file(path): creates `path.PROCESS.NUMBER.tmp`. write(data, bytes), write(text):
/// appends. commit(): once, the last call. offset(): bytes written so far. path(): the name. It
/// cannot be copied.
/// @pre the folder of `path` exists; the file system renames atomically (POSIX)
/// @throws std::runtime_error naming file, byte and reason: where `path` is something else than a
///   regular file, where the system refuses to create, write, sync or rename, on every call after a
///   write that failed or after commit(). What was at `path` is still there.
/// @complexity O(bytes). @scratch 64 KiB of buffer. Source: ours.
using atomic_file = detail::atomic_file;

COUPLEFACE_NAMESPACE_END
