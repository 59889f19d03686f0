// Fuzzes the readers of lists: any bytes give as many labels as names, or a std::runtime_error.
// Seeds come from make_list_seeds.
#include <coupleface/io/image_list.hpp>
#include <coupleface/io/template_list.hpp>

#include "memory_file.hpp"

namespace cf = coupleface;

namespace {

void expect(bool holds) {
  if (!holds) { std::abort(); }
}

template <class Read>
void read_images(std::string const& path, Read read) {
  try {
    cf::image_list const list = read(path);
    expect(list.paths.size() == list.labels.size());
    for (cf::index_t i = 0; i < list.size(); ++i) { expect(!list.path(i).empty()); }
    for (cf::index_t const label : list.labels) {
      expect(list.people.empty() || (label >= 0 && label < cf::index_t(list.people.size())));
    }
  } catch (std::runtime_error const&) {}
}

template <class Read>
void read_templates(std::string const& path, Read read) {
  try {
    auto const list = read(path);
    expect(list.files.size() == list.template_ids.size());
    expect(list.files.size() == list.media_ids.size());
  } catch (std::runtime_error const&) {}
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
  static memory_file const file;
  std::string const& path = file.put(data, size);
  read_images(path, [](auto const& p) { return cf::read_image_list(p); });
  read_images(path, [](auto const& p) { return cf::read_lst(p); });
  read_images(path, [](auto const& p) { return cf::read_image_table(p); });
  read_templates(path, [](auto const& p) { return cf::read_template_list(p); });
  read_templates(path, [](auto const& p) { return cf::read_template_table(p); });
  try {
    auto const pairs = cf::read_template_pairs(path);
    expect(pairs.first.size() == pairs.second.size() && pairs.first.size() == pairs.same.size());
  } catch (std::runtime_error const&) {}
  return 0;
}
