#include "runtime/network/address_book.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace dokku::runtime {
namespace {

namespace fs = std::filesystem;

class AddressBookTest : public testing::Test {
 protected:
  AddressBookTest() {
    std::string pattern = (fs::temp_directory_path() / "book-test-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~AddressBookTest() override { fs::remove_all(root_); }
  AddressBook load(unsigned first = 1, unsigned last = 3) {
    Result<AddressBook> book = AddressBook::load(root_ / "addresses", first, last);
    EXPECT_TRUE(book.has_value());
    return *std::move(book);
  }
  fs::path root_;
};

TEST_F(AddressBookTest, KeepsNumbersOverRestarts) {
  AddressBook book = load();
  EXPECT_EQ(*book.assign("a"), 1U);
  EXPECT_EQ(*book.assign("b"), 2U);
  EXPECT_EQ(*book.assign("a"), 1U);
  ASSERT_TRUE(book.save().has_value());
  AddressBook again = load();
  EXPECT_EQ(*again.assign("b"), 2U);
  EXPECT_EQ(*again.assign("c"), 3U);
}

TEST_F(AddressBookTest, GivesAFreedNumberOutLast) {
  AddressBook book = load();
  ASSERT_EQ(*book.assign("a"), 1U);
  book.forget("a");
  EXPECT_EQ(*book.assign("b"), 2U);
  EXPECT_EQ(*book.assign("c"), 3U);
  EXPECT_EQ(*book.assign("d"), 1U);
  EXPECT_EQ(book.assign("e").error().code(), Errc::conflict);
}

TEST_F(AddressBookTest, AdoptedNumbersWin) {
  AddressBook book = load();
  ASSERT_EQ(*book.assign("a"), 1U);
  book.adopt("b", 1);
  EXPECT_EQ(*book.assign("b"), 1U);
  EXPECT_EQ(*book.assign("a"), 2U);
}

TEST_F(AddressBookTest, IgnoresLinesThatMakeNoSense) {
  std::ofstream(root_ / "addresses") << "2 next\n\nx y\n99 far\n1\n3 good\n";
  AddressBook book = load();
  EXPECT_EQ(book.all().size(), 1U);
  EXPECT_EQ(*book.assign("good"), 3U);
  EXPECT_EQ(*book.assign("new"), 2U);
}

}  // namespace
}  // namespace dokku::runtime
