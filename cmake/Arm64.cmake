# SPDX-License-Identifier: Apache-2.0
# Toolchain: Debian's cross compiler for ARM64 (g++-aarch64-linux-gnu). Programs are static, so that
# qemu-aarch64 needs no folder of libraries.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
