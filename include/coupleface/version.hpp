// coupleface: the version, read from here by CMake too.
#pragma once

#define COUPLEFACE_VERSION_MAJOR 0
#define COUPLEFACE_VERSION_MINOR 2
#define COUPLEFACE_VERSION_PATCH 0
