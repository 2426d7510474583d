#include "mdgps/solver/array.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

namespace mdgps {
namespace {

TEST(Array, HoldsZerosUnlessToldOtherwise) {
  { Array<double, 1> used({1000}, 7.0); }  // whose memory may come again
  const Array<double, 1> zeros({1000});
  for (const double x : zeros.elements()) EXPECT_EQ(x, 0.0);
  const Array<double, 2> sevens({2, 3}, 7.0);
  EXPECT_EQ(sevens.elements().size(), 6u);
  for (const double x : sevens.elements()) EXPECT_EQ(x, 7.0);
}

TEST(Array, BeginsWithACacheLine) {
  for (const std::int64_t size : {1, 3, 1000, 1 << 20}) {
    const Array<double, 1> array({size});
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(array.data()) % 64, 0u) << size;
    EXPECT_TRUE(std::ranges::all_of(array.elements(), [](double x) { return x == 0.0; })) << size;
  }
}

TEST(Array, CopiesAreIndependent) {
  Array<double, 2> a({2, 2}, 1.0);
  Array<double, 2> copy = a, on_cpu = a.on(Device{});
  EXPECT_EQ(copy, a);
  EXPECT_EQ(on_cpu, a);
  a(1, 1) = 2.0;
  EXPECT_EQ(copy(1, 1), 1.0);
  EXPECT_EQ(on_cpu(1, 1), 1.0);
  EXPECT_FALSE(copy == a);
  copy = a;
  EXPECT_EQ(copy, a);
}

TEST(Array, MovingLeavesAnEmptyOne) {
  Array<double, 1> a({3}, 1.0);
  const double* const memory = a.data();
  const Array<double, 1> b = std::move(a);
  EXPECT_EQ(b.data(), memory);
  EXPECT_TRUE(a.empty());
}

TEST(Array, IsNotCopiedToWhereItIs) {
  const Array<double, 1> a({3}, 1.0);
  EXPECT_EQ((*Brought<Array<double, 1>>(a, Device{})).data(), a.data());
  const std::vector<int> numbers{4, 2, 7};
  EXPECT_TRUE(std::ranges::equal(array_of<int>(numbers).elements(), numbers));
}

TEST(Array, ViewsAreOfItsDevice) {
  EXPECT_EQ((Array<double, 1>({3}).view().device), Device{});
#if !defined(MDGPS_HAS_CUDA)
  const Device gpu{Device::Kind::cuda, 0};
  EXPECT_THROW((Array<double, 1>({3}, gpu)), std::invalid_argument);
  EXPECT_THROW((Array<double, 1>({3}).on(gpu)), std::invalid_argument);
  const Array<double, 1> here({3});
  EXPECT_THROW((Brought<Array<double, 1>>(here, gpu)), std::invalid_argument);
#endif
}

}  // namespace
}  // namespace mdgps
