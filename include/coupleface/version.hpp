// SPDX-License-Identifier: Apache-2.0
// coupleface: the version. CMake reads it from this file.
#pragma once

#define COUPLEFACE_VERSION_MAJOR 0
#define COUPLEFACE_VERSION_MINOR 2
#define COUPLEFACE_VERSION_PATCH 0
