// SPDX-License-Identifier: Apache-2.0
// The loader: the same batches for any number of threads, bounded memory, errors, stopping,
// continuing.
#include <coupleface/io/record_set.hpp>
#include <coupleface/io/image_folder.hpp>
#include <coupleface/io/sample_loader.hpp>
#include <coupleface/io/verification_pack.hpp>

#include "../support/scratch_folder.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>

namespace cf = coupleface;
using namespace coupleface_test;

namespace {

using numbers = std::vector<cf::index_t>;

// Sample i is the byte i % 256 with the label 10 i.
struct counting_source {
  cf::index_t count;
  cf::index_t size() const { return count; }
  cf::face_sample sample(cf::index_t i) const {
    auto const byte = std::make_shared<std::uint8_t const>(std::uint8_t(i));
    return {{byte.get(), 1}, 10 * i, byte};
  }
};

struct failing_source : counting_source {
  cf::face_sample sample(cf::index_t i) const {
    if (i == 5 || i == 6) { throw std::runtime_error("sample " + std::to_string(i)); }
    return counting_source::sample(i);
  }
};

cf::loader_settings settings(cf::index_t batch_size, cf::index_t epochs, int threads = 2,
                             cf::index_t in_flight = 4) {
  cf::loader_settings s;
  s.batch_size = batch_size;
  s.epochs = epochs;
  s.threads = threads;
  s.batches_in_flight = in_flight;
  return s;
}

// All indices, by batches.
template <class Loader>
std::vector<numbers> drain(Loader& loader) {
  std::vector<numbers> batches;
  while (auto const batch = loader.next()) {
    EXPECT_EQ(batch->labels.size(), batch->indices.size());
    EXPECT_EQ(batch->samples.size(), batch->indices.size());
    for (std::size_t k = 0; k < batch->indices.size(); ++k) {
      EXPECT_EQ(batch->labels[k], 10 * batch->indices[k]);
    }
    batches.push_back(batch->indices);
  }
  return batches;
}

TEST(sample_loader, batches_in_order) {
  counting_source const source{7};
  cf::sample_loader loader(source, settings(3, 2), cf::in_order{});
  EXPECT_EQ(loader.batches_per_epoch(), 3);
  for (cf::index_t epoch = 0; epoch < 2; ++epoch) {
    for (cf::index_t b = 0; b < 3; ++b) {
      EXPECT_EQ(loader.position().epoch, epoch);
      EXPECT_EQ(loader.position().batch, b);
      auto const batch = loader.next();
      ASSERT_TRUE(batch.has_value());
      EXPECT_EQ(batch->position.epoch, epoch);
      EXPECT_EQ(batch->position.batch, b);
      ASSERT_EQ(batch->indices.size(), b < 2 ? 3u : 1u);
      for (std::size_t k = 0; k < batch->indices.size(); ++k) {
        EXPECT_EQ(batch->indices[k], 3 * b + cf::index_t(k));
        EXPECT_EQ(batch->samples[k].bytes(0), batch->indices[k]);
      }
    }
  }
  EXPECT_FALSE(loader.next().has_value());
  EXPECT_FALSE(loader.next().has_value());
  EXPECT_EQ(loader.position().epoch, 2);
  EXPECT_EQ(loader.position().batch, 0);
}

TEST(sample_loader, each_epoch_is_another_permutation) {
  for (cf::index_t const size : {1, 2, 3, 100, 255, 256, 257, 1000}) {
    counting_source const source{size};
    cf::sample_loader loader(source, settings(size, 3), cf::shuffled{7});
    auto const epochs = drain(loader);
    ASSERT_EQ(epochs.size(), 3u);
    numbers all(static_cast<std::size_t>(size));
    std::iota(all.begin(), all.end(), 0);
    for (numbers epoch : epochs) {
      std::sort(epoch.begin(), epoch.end());
      EXPECT_EQ(epoch, all);
    }
    if (size >= 100) {
      EXPECT_NE(epochs[0], all);
      EXPECT_NE(epochs[0], epochs[1]);
      EXPECT_NE(epochs[1], epochs[2]);
      cf::sample_loader other(source, settings(size, 1), cf::shuffled{8});
      EXPECT_NE(drain(other)[0], epochs[0]);
    }
  }
}

// What was begun with one version of the library must continue with the next.
TEST(sample_loader, the_order_of_a_seed_stays) {
  numbers order;
  for (cf::index_t i = 0; i < 8; ++i) { order.push_back(cf::shuffled{7}(3, i, 1000)); }
  EXPECT_EQ(order, (numbers{870, 986, 474, 821, 653, 912, 336, 472}));
}

TEST(sample_loader, threads_change_nothing) {
  counting_source const source{211};
  cf::sample_loader reference(source, settings(8, 3, 1, 1), cf::shuffled{1});
  auto const expected = drain(reference);
  EXPECT_EQ(expected.size(), 3u * 27u);
  for (int const threads : {1, 2, 3, 8}) {
    for (cf::index_t const in_flight : {1, 2, 5, 1000}) {
      cf::sample_loader loader(source, settings(8, 3, threads, in_flight), cf::shuffled{1});
      EXPECT_EQ(drain(loader), expected) << threads << " threads, " << in_flight;
    }
  }
}

TEST(sample_loader, continues_anywhere) {
  counting_source const source{50};
  cf::sample_loader reference(source, settings(8, 3), cf::shuffled{3});
  auto const expected = drain(reference);
  for (std::size_t first = 0; first <= expected.size(); ++first) {
    auto s = settings(8, 3);
    {
      cf::sample_loader loader(source, s, cf::shuffled{3});
      for (std::size_t b = 0; b < first; ++b) { loader.next(); }
      s.begin = loader.position();
    }
    cf::sample_loader loader(source, s, cf::shuffled{3});
    EXPECT_EQ(drain(loader),
              std::vector<numbers>(expected.begin() + std::ptrdiff_t(first), expected.end()));
  }
  auto beyond = settings(8, 3);
  beyond.begin.epoch = 5;
  cf::sample_loader over(source, beyond);
  EXPECT_FALSE(over.next().has_value());
}

TEST(sample_loader, decodes_on_its_threads) {
  counting_source const source{40};
  auto const caller = std::this_thread::get_id();
  std::atomic<int> elsewhere{0};
  auto const decode = [&](cf::face_sample const& sample, cf::sample_place place) {
    if (std::this_thread::get_id() != caller) { ++elsewhere; }
    return std::make_pair(int(sample.bytes(0)), 100 * place.epoch + place.index);
  };
  cf::sample_loader loader(source, settings(7, 2, 3), cf::shuffled{1}, decode);
  int samples = 0;
  while (auto const batch = loader.next()) {
    for (std::size_t k = 0; k < batch->samples.size(); ++k, ++samples) {
      EXPECT_EQ(batch->samples[k].first, batch->indices[k]);
      EXPECT_EQ(batch->samples[k].second, 100 * batch->position.epoch + batch->indices[k]);
    }
  }
  EXPECT_EQ(samples, 80);
  EXPECT_EQ(elsewhere, 80);
  // Results that can only be moved.
  cf::sample_loader owners(source, settings(7, 1), cf::in_order{}, [](cf::face_sample const& s) {
    return std::make_unique<int>(s.bytes(0));
  });
  auto batch = owners.next();
  EXPECT_EQ(*batch->samples[6], 6);
}

TEST(sample_loader, memory_is_bounded) {
  counting_source const source{1000};
  for (cf::index_t const in_flight : {1, 3}) {
    std::atomic<cf::index_t> begun{0}, taken{0};
    std::atomic<bool> beyond{false};
    auto const decode = [&](cf::face_sample const&, cf::sample_place place) {
      cf::index_t const ticket = place.index / 10;
      if (place.index % 10 == 0) { ++begun; }
      // The caller counts a batch after the loader has: one more may have been begun.
      if (ticket >= taken + in_flight + 1) { beyond = true; }
      return 0;
    };
    cf::sample_loader loader(source, settings(10, 1, 8, in_flight), cf::in_order{}, decode);
    while (begun < in_flight) { std::this_thread::yield(); }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(begun, in_flight);  // nobody takes: nothing more is begun
    while (loader.next()) { ++taken; }
    EXPECT_EQ(taken, 100);
    EXPECT_FALSE(beyond);
  }
}

TEST(sample_loader, errors_arrive_where_they_belong) {
  failing_source const source{{20}};
  for (int const threads : {1, 4}) {
    cf::sample_loader loader(source, settings(4, 1, threads), cf::in_order{});
    EXPECT_EQ(loader.next()->indices, (numbers{0, 1, 2, 3}));
    EXPECT_EQ(message_of([&] { loader.next(); }), "sample 5");
    EXPECT_EQ(loader.next()->indices, (numbers{8, 9, 10, 11}));
    EXPECT_EQ(loader.position().batch, 3);
  }
  auto const decode = [](cf::face_sample const& sample) {
    if (sample.label == 30) { throw std::invalid_argument("decoder"); }
    return sample.label;
  };
  counting_source const sound{8};
  cf::sample_loader loader(sound, settings(2, 1), cf::in_order{}, decode);
  EXPECT_TRUE(loader.next().has_value());
  EXPECT_EQ(message_of<std::invalid_argument>([&] { loader.next(); }), "decoder");
  EXPECT_EQ(loader.next()->samples, (numbers{40, 50}));
}

TEST(sample_loader, stops) {
  counting_source const source{1000};
  std::atomic<bool> release{false};
  auto const decode = [&](cf::face_sample const&) {
    while (!release) { std::this_thread::yield(); }
    return 0;
  };
  cf::sample_loader loader(source, settings(10, 100, 3), cf::in_order{}, decode);
  std::atomic<bool> over{false};
  std::thread waiting([&] {
    EXPECT_FALSE(loader.next().has_value());
    over = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(over);
  loader.stop();
  waiting.join();
  EXPECT_FALSE(loader.next().has_value());
  EXPECT_EQ(loader.position().batch, 0);
  loader.stop();
  release = true;  // the destructor waits for the decoders
}

TEST(sample_loader, is_destroyed_in_any_state) {
  counting_source const source{100};
  for (int taken = 0; taken < 12; ++taken) {
    cf::sample_loader loader(source, settings(10, 1, 4, 3), cf::shuffled{1});
    for (int b = 0; b < taken; ++b) { loader.next(); }
  }
}

TEST(sample_loader, few_samples_and_endless_epochs) {
  counting_source const none{0};
  cf::sample_loader empty(none, settings(4, 10));
  EXPECT_EQ(empty.batches_per_epoch(), 0);
  EXPECT_FALSE(empty.next().has_value());
  counting_source const source{3};
  cf::sample_loader endless(source, settings(2, std::numeric_limits<cf::index_t>::max()),
                            cf::in_order{});
  for (int b = 0; b < 20; ++b) {
    EXPECT_EQ(endless.next()->indices, b % 2 == 0 ? (numbers{0, 1}) : (numbers{2}));
  }
  cf::sample_loader no_epoch(source, settings(2, 0));
  EXPECT_FALSE(no_epoch.next().has_value());
}

TEST(sample_loader, impossible_settings) {
  counting_source const source{10};
  auto const refused = [&](auto change) {
    auto s = settings(4, 1);
    change(s);
    return message_of<std::invalid_argument>([&] { cf::sample_loader loader(source, s); });
  };
  std::string const positive =
      "coupleface::sample_loader: batch size, threads or batches in flight are not positive";
  EXPECT_EQ(refused([](auto& s) { s.batch_size = 0; }), positive);
  EXPECT_EQ(refused([](auto& s) { s.threads = 0; }), positive);
  EXPECT_EQ(refused([](auto& s) { s.batches_in_flight = -1; }), positive);
  EXPECT_NE(refused([](auto& s) { s.epochs = -1; }).find("negative"), std::string::npos);
  EXPECT_NE(refused([](auto& s) { s.begin.batch = -1; }).find("negative"), std::string::npos);
  EXPECT_NE(refused([](auto& s) { s.begin.batch = 3; }).find("an epoch has fewer batches"),
            std::string::npos);
}

class sources : public scratch_folder {};

// The same images out of each kind of file.
TEST_F(sources, of_every_format) {
  std::vector<std::string> images;
  cf::record_set_writer records(path("train.rec"), 1, 1);
  cf::verification_pack_writer pairs(path("a.bin"));
  cf::image_list list;
  for (int i = 0; i < 40; ++i) {
    images.push_back("\xFF\xD8\xFF image " + std::to_string(i));
    put("images/" + std::to_string(100 + i / 4) + "/" + std::to_string(100 + i), images.back());
    list.paths.push_back("images/" + std::to_string(100 + i / 4) + "/" + std::to_string(100 + i));
    list.labels.push_back(i / 4);
  }
  auto const bytes = [&](int i) {
    auto const& image = images[std::size_t(i)];
    return cf::byte_view(reinterpret_cast<std::uint8_t const*>(image.data()),
                         cf::index_t(image.size()));
  };
  for (int i = 0; i < 40; ++i) { records.append(bytes(i), i / 4); }
  for (int i = 0; i < 40; i += 2) { pairs.append(bytes(i), bytes(i + 1), i % 3 == 0); }
  records.commit();
  pairs.commit();
  list.folder = path("");
  auto const expect = [&](auto const& source, bool classes) {
    auto s = settings(16, 1, 4);
    cf::sample_loader loader(source, s, cf::shuffled{5});
    cf::index_t count = 0;
    while (auto const batch = loader.next()) {
      for (std::size_t k = 0; k < batch->samples.size(); ++k, ++count) {
        cf::index_t const i = batch->indices[k];
        EXPECT_EQ(text_of(batch->samples[k].bytes), images[std::size_t(i)]);
        EXPECT_EQ(batch->labels[k], classes ? i / 4 : cf::index_t(i / 2 * 2 % 3 == 0));
      }
    }
    EXPECT_EQ(count, 40);
  };
  expect(cf::record_set(path("train.rec")), true);
  expect(list, true);
  expect(cf::read_image_folder(path("images")), true);
  expect(cf::verification_pack(path("a.bin")), false);
}

}  // namespace
