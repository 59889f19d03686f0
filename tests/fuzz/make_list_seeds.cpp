// SPDX-License-Identifier: Apache-2.0
// Writes seeds for list_fuzz into a folder: one list of each kind.
#include <coupleface/io/image_list.hpp>

#include <fstream>

#include "seed_maker.hpp"

namespace cf = coupleface;

namespace {

void write_seeds(std::string const& folder) {
  cf::image_list list;
  list.paths = {"a b, c.jpg", " d.jpg", "/e/f.jpg"};
  list.labels = {0, -5, 1 << 30};
  cf::write_image_list(folder + "/images", list);
  cf::write_lst(folder + "/lst", list);
  std::ofstream(folder + "/table") << "split,path,person\r\ndev,\"a, \"\"1\"\".jpg\",Anna\r\n\n";
  std::ofstream(folder + "/quotes") << "a, \"b\",same\n\"1\r\n2\" , x y,\t1\n\"\",\"\"\"\",0";
  std::ofstream(folder + "/commas") << "\xEF\xBB\xBF"
                                       "a.jpg, 1\nb.jpg ,2\nc.jpg\t3";
  std::ofstream(folder + "/templates") << "1.jpg 1 69544\n2 b.jpg\t1\t3720\r\n";
  std::ofstream(folder + "/template_table") << "TEMPLATE_ID,FILENAME,MEDIA_ID\n7,img/1.jpg,9\n";
  std::ofstream(folder + "/pairs") << "1 11065 1\n171707,187946,0\n";
  std::ofstream(folder + "/lfw_pairs") << "2\t1\nAnn_B\t1\t2\nAnn_B\t1\tBob\t12\n"
                                          "Cy\t3\t1\nCy\t3\tDi\t2\n";
  std::ofstream(folder + "/path_pairs") << "one two same\na/1.jpg b/2.jpg 1\na/1.jpg, c, 0\n";
  std::ofstream(folder + "/landmarks") << "1.jpg 40.1 50 70 51 55 70 43 88 68 89 0.998\n";
  std::ofstream(folder + "/people") << "TEMPLATE_ID,SUBJECT_ID\n7,12\n7,12\n3,\"a, b\"\n";
  std::ofstream(folder + "/scores") << "score same\n-0.5 1\nnan,0\n";
  std::ofstream(folder + "/score_table") << "fold,score,same\n0,1e-3,1\n";
  std::ofstream(folder + "/fold_pairs") << "fold,a,b,same\n0,a.jpg,\"b, c\",1\n9,3,4,0\n";
  std::ofstream(folder + "/pair_table") << "A,B,SAME\n1,11065,1\n";
}

}  // namespace

int main(int argc, char** argv) { return make_seeds("make_list_seeds", argc, argv, write_seeds); }
