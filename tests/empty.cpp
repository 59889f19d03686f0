// SPDX-License-Identifier: Apache-2.0
// Nothing: a main file for headers that are put before it with -include.
