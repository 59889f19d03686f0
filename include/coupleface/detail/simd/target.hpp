// SPDX-License-Identifier: Apache-2.0
// coupleface: the instruction sets that kernels are compiled for, and which one this process uses.
//
// A kernel is compiled once per set, whatever flags the unit is compiled with, and chosen where the
// program runs. for_each_target.inc explains how.
#pragma once

#include <coupleface/error.hpp>

#include <cstdlib>
#include <cstring>
#include <string>
#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

// nvcc's front end does not accept GCC's vector types; CUDA units use the portable kernels.
#if defined(__x86_64__) && defined(__GNUC__) && !COUPLEFACE_HAS_CUDA
#define COUPLEFACE_VECTORS 1
#define COUPLEFACE_AVX2 __attribute__((target("avx2,fma")))
#define COUPLEFACE_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define COUPLEFACE_AVX512_VNNI \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")))
#define COUPLEFACE_AVX512_BF16 \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16,avx2,fma")))
#else
#define COUPLEFACE_VECTORS 0
#endif
// Every 64-bit ARM processor has these.
#if defined(__aarch64__) && defined(__GNUC__) && !COUPLEFACE_HAS_CUDA
#define COUPLEFACE_NEON 1
#if defined(__clang__)
#define COUPLEFACE_NEON_DOTPROD __attribute__((target("dotprod")))
#else
#define COUPLEFACE_NEON_DOTPROD __attribute__((target("arch=armv8.2-a+dotprod")))
#endif
#else
#define COUPLEFACE_NEON 0
#endif
// Whether there are several sets of kernels to choose from.
#define COUPLEFACE_KERNEL_SETS (COUPLEFACE_VECTORS || COUPLEFACE_NEON)

// clang 22 has no builtins of fused multiply-add for single instruction sets.
#if defined(__clang__)
#define COUPLEFACE_ELEMENTWISE_FMA __has_builtin(__builtin_elementwise_fma)
#else
#define COUPLEFACE_ELEMENTWISE_FMA 0
#endif

// Place before a loop that must be unrolled completely so that its arrays stay in registers.
#if defined(__GNUC__) && !COUPLEFACE_HAS_CUDA
#define COUPLEFACE_PRAGMA(text) _Pragma(#text)
#define COUPLEFACE_UNROLL_LOOP(count) COUPLEFACE_PRAGMA(GCC unroll count)
#else
#define COUPLEFACE_UNROLL_LOOP(count)
#endif

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The kernels of a process. Each set of a processor includes the ones before it.
#if COUPLEFACE_NEON
enum class kernel_set : int { portable, neon, neon_dotprod };
inline constexpr char const* kernel_set_names[] = {"portable", "neon", "neon_dotprod"};
#else
enum class kernel_set : int { portable, avx2, avx512, avx512_vnni, avx512_bf16 };
inline constexpr char const* kernel_set_names[] = {"portable", "avx2", "avx512", "avx512_vnni",
                                                   "avx512_bf16"};
#endif

#if COUPLEFACE_KERNEL_SETS

/// The best set that the processor and the operating system support.
inline kernel_set best_kernels() {
#if COUPLEFACE_NEON
#if defined(__ARM_FEATURE_DOTPROD)
  return kernel_set::neon_dotprod;
#elif defined(__linux__)
  return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0 ? kernel_set::neon_dotprod : kernel_set::neon;
#else
  return kernel_set::neon;
#endif
#else
  bool const avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  bool const avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
  bool const vnni = avx512 && __builtin_cpu_supports("avx512vnni");
  if (vnni && __builtin_cpu_supports("avx512bf16")) { return kernel_set::avx512_bf16; }
  if (vnni) { return kernel_set::avx512_vnni; }
  return avx512 ? kernel_set::avx512 : (avx2 ? kernel_set::avx2 : kernel_set::portable);
#endif
}

/// The set named by the environment variable COUPLEFACE_KERNELS, otherwise the best. Throws
/// std::invalid_argument for a name that is unknown or that this machine does not support.
inline kernel_set kernels_from_environment() {
  int const best = int(best_kernels());
  char const* const name = std::getenv("COUPLEFACE_KERNELS");
  if (name == nullptr || *name == 0) { return kernel_set(best); }
  std::string supported;
  for (int set = 0; set <= best; ++set) {
    if (std::strcmp(name, kernel_set_names[set]) == 0) { return kernel_set(set); }
    supported += (set > 0 ? ", " : "") + std::string(kernel_set_names[set]);
  }
  fail("kernels", "the environment variable COUPLEFACE_KERNELS is '" + std::string(name) +
                      "', but this machine supports: " + supported);
}

inline constexpr int not_chosen = -1;
inline int chosen_kernels = not_chosen;

/// The kernels that this process uses. The environment is read once; all threads find the same.
inline kernel_set kernels_in_use() {
  int chosen = __atomic_load_n(&chosen_kernels, __ATOMIC_RELAXED);
  if (__builtin_expect(chosen == not_chosen, 0)) {
    chosen = int(kernels_from_environment());
    __atomic_store_n(&chosen_kernels, chosen, __ATOMIC_RELAXED);
  }
  return kernel_set(chosen);
}

#else

inline kernel_set kernels_in_use() { return kernel_set::portable; }

#endif

}  // namespace detail
COUPLEFACE_NAMESPACE_END

// Returns the value of a call of the kernels in use: COUPLEFACE_RETURN_KERNEL(dot(a, b, width))
#if COUPLEFACE_NEON
#define COUPLEFACE_RETURN_KERNEL(...)                                             \
  if (kernels_in_use() == kernel_set::portable) { return portable::__VA_ARGS__; } \
  return neon::__VA_ARGS__
#elif COUPLEFACE_VECTORS
#define COUPLEFACE_RETURN_KERNEL(...) \
  switch (kernels_in_use()) {         \
    case kernel_set::portable:        \
      return portable::__VA_ARGS__;   \
    case kernel_set::avx2:            \
      return avx2::__VA_ARGS__;       \
    default:                          \
      return avx512::__VA_ARGS__;     \
  }
#else
#define COUPLEFACE_RETURN_KERNEL(...) return portable::__VA_ARGS__
#endif
