// SPDX-License-Identifier: Apache-2.0
// coupleface: saves a feature bank's whole state and loads it again, bit for bit.
//
// The file holds consecutive .npy arrays (numpy.load on one handle reads them): the bank's kind and
// sizes, as doubles; the number of updates; then entries, prototypes, slots and ages of each half.
#pragma once

#include <coupleface/detail/io/feature_bank.hpp>
#include <coupleface/feature_bank.hpp>
#include <coupleface/io/npy.hpp>

#include <string>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Appends the bank's state to what `writer` has already written.
/// @throws std::runtime_error naming file, byte and reason if the system refuses
template <class T, class Update, template <class...> class Vector>
void save_feature_bank(npy_writer& writer, feature_bank<T, Update, Vector> const& bank) {
  auto const identity = detail::bank_identity(bank);
  writer.write(make_vector_view(identity.data(), index_t(identity.size())));
  bank.visit_state([&](char const*, auto const& state) { detail::write_state(writer, state); });
}

/// @brief Writes the bank's state to a file of its own, atomically.
/// @throws std::runtime_error naming file, byte and reason; nothing is half-written
template <class T, class Update, template <class...> class Vector>
void save_feature_bank(std::string const& path, feature_bank<T, Update, Vector> const& bank) {
  npy_writer writer(path);
  save_feature_bank(writer, bank);
  writer.commit();
}

/// @brief Loads a saved state. The bank must have been made with the same element type, update
/// rule, classes and widths. It then continues bit for bit like the saved bank.
/// @throws std::runtime_error naming file, byte and reason if the state is of another kind of bank
///   or the file is damaged. The bank is then unchanged; the reader is somewhere in the state
/// @complexity O(size of the state); the state is in memory twice during the call
template <class T, class Update, template <class...> class Vector>
void load_feature_bank(npy_reader& reader, feature_bank<T, Update, Vector>& bank) {
  feature_bank<T, Update, Vector> loaded = bank;
  detail::expect_identity(reader, detail::bank_identity(bank), detail::bank_identity_meaning,
                          "feature bank", "bank");
  loaded.visit_state(
      [&](char const* name, auto& state) { detail::read_state(reader, name, state); });
  detail::expect_possible(reader, loaded);
  bank = std::move(loaded);
}

/// @brief The same from a file of its own.
template <class T, class Update, template <class...> class Vector>
void load_feature_bank(std::string const& path, feature_bank<T, Update, Vector>& bank) {
  npy_reader reader(path);
  auto loaded = bank;
  load_feature_bank(reader, loaded);
  reader.expect_end();
  bank = std::move(loaded);
}

COUPLEFACE_NAMESPACE_END
