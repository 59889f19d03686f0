// SPDX-License-Identifier: Apache-2.0
// A teacher for the trainers of the documents, as TorchScript: images [n, 3, height, width] to
// embeddings [n, 128], a fixed random map of the image on a grid of 8 x 8, each channel without its
// mean. usage: write_teacher FILE
#include <torch/script.h>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  torch::manual_seed(1);
  torch::jit::Module teacher("teacher");
  teacher.register_parameter("weight", torch::randn({3 * 8 * 8, 128}), false);
  teacher.define(R"(
def forward(self, faces):
    rows = torch.flatten(torch.adaptive_avg_pool2d(faces - faces.mean([2, 3], True), [8, 8]), 1)
    return rows.matmul(self.weight)
)");
  teacher.save(argv[1]);
}
