// SPDX-License-Identifier: Apache-2.0
// coupleface: saves a teacher queue's whole state and loads it again, bit for bit.
//
// The file holds consecutive .npy arrays: format, capacity and width, as doubles; the number of
// rows that have entered; rows; labels.
#pragma once

#include <coupleface/detail/io/feature_bank.hpp>
#include <coupleface/io/npy.hpp>
#include <coupleface/teacher_queue.hpp>

#include <string>
#include <utility>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN

namespace detail {
template <class T, class Label, template <class...> class Vector>
std::vector<double> queue_identity(teacher_queue<T, Label, Vector> const& queue) {
  return {1.0, double(queue.capacity()), double(queue.rows().extent(1))};
}
inline constexpr char const* queue_identity_meaning[] = {"format", "capacity", "width"};
}  // namespace detail

/// @brief Appends the queue's state to what `writer` has already written.
/// @throws std::runtime_error naming file, byte and reason if the system refuses
template <class T, class Label, template <class...> class Vector>
void save_teacher_queue(npy_writer& writer, teacher_queue<T, Label, Vector> const& queue) {
  auto const identity = detail::queue_identity(queue);
  writer.write(make_vector_view(identity.data(), index_t(identity.size())));
  queue.visit_state([&](char const*, auto const& state) { detail::write_state(writer, state); });
}

/// @brief Writes the queue's state to a file of its own, atomically.
/// @throws std::runtime_error naming file, byte and reason; nothing is half-written
template <class T, class Label, template <class...> class Vector>
void save_teacher_queue(std::string const& path, teacher_queue<T, Label, Vector> const& queue) {
  npy_writer writer(path);
  save_teacher_queue(writer, queue);
  writer.commit();
}

/// @brief Loads a saved state into a queue of the same types, capacity and width. It then continues
/// bit for bit like the saved one.
/// @throws std::runtime_error naming file, byte and reason if the state is of another queue or the
///   file is damaged. The queue is then unchanged; the reader is somewhere in the state
template <class T, class Label, template <class...> class Vector>
void load_teacher_queue(npy_reader& reader, teacher_queue<T, Label, Vector>& queue) {
  teacher_queue<T, Label, Vector> loaded = queue;
  detail::expect_identity(reader, detail::queue_identity(queue), detail::queue_identity_meaning,
                          "teacher queue", "queue");
  loaded.visit_state(
      [&](char const* name, auto& state) { detail::read_state(reader, name, state); });
  queue = std::move(loaded);
}

/// @brief The same from a file of its own.
template <class T, class Label, template <class...> class Vector>
void load_teacher_queue(std::string const& path, teacher_queue<T, Label, Vector>& queue) {
  npy_reader reader(path);
  auto loaded = queue;
  load_teacher_queue(reader, loaded);
  reader.expect_end();
  queue = std::move(loaded);
}

COUPLEFACE_NAMESPACE_END
