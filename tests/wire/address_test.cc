#include "gossip/address.h"

#include <gtest/gtest.h>

namespace gossip {
namespace {

TEST(Address, TextIsItsOwnInverse) {
  for (std::string text : {"127.0.0.1:7700", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:7700",
                           "[::]:1", "[fe80::1:2]:80"}) {
    auto address = Address::parse(text);

    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
  }
}

TEST(Address, TheMappedFormIsTheIpv4Address) {
  EXPECT_EQ(Address::parse("[::ffff:10.0.0.1]:7"), Address::parse("10.0.0.1:7"));
}

TEST(Address, TextThatIsNotNumericIsRefused) {
  for (std::string_view text :
       {"", ":", "7700", "localhost:7700", "1.2.3:7", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536",
        "1.2.3.4:-1", "1.2.3.4:+1", "1.2.3.4: 7", "1.2.3.4:7 ", "::1:7", "[::1]", "[::1:7", "[]:7",
        "[1.2.3.4]:7", "[fe80::1%lo]:7"}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
  EXPECT_FALSE(Address::parse(std::string_view("1.2.3.4\0x:7", 11)));
}

TEST(Address, BytesAreShortForIpv4AndTheirOwnInverse) {
  auto v4 = *Address::parse("192.168.1.2:258");
  auto v6 = *Address::parse("[2001:db8::9]:258");

  EXPECT_EQ(base::to_hex(v4.bytes()), "c0a801020102");
  EXPECT_EQ(base::to_hex(v6.bytes()), "20010db80000000000000000000000090102");
  EXPECT_EQ(Address::from(v4.bytes()), v4);
  EXPECT_EQ(Address::from(v6.bytes()), v6);
}

TEST(Address, OneAddressHasOneEncoding) {
  auto mapped = *base::from_hex("00000000000000000000ffffc0a801020102");

  EXPECT_FALSE(Address::from(mapped));
  for (std::size_t size = 0; size < 32; ++size) {
    EXPECT_EQ(Address::from(base::Bytes(size, 'x')).has_value(), size == 6 || size == 18);
  }
}

TEST(Address, AScopeIsOfThisHostAndNotTold) {
  auto scoped = Address::parse("[fe80::1%7]:7700");
  ASSERT_TRUE(scoped);
  EXPECT_EQ(scoped->text(), "[fe80::1%7]:7700");
  EXPECT_EQ(Address::from(scoped->bytes()), scoped->without_scope());
  EXPECT_NE(*scoped, scoped->without_scope());
  EXPECT_TRUE(scoped->is_link_local());
  EXPECT_TRUE(Address::parse("[febf::1]:1")->is_link_local());
  EXPECT_FALSE(Address::parse("[fec0::1]:1")->is_link_local());
  for (const char* text : {"[2001:db8::1%7]:1", "[fe80::1%]:1", "[fe80::1%0]:1", "[fe80::1%7x]:1",
                           "[fe80::1%-1]:1", "[fe80::1%99999999999]:1", "10.0.0.1%7:1"}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
}

TEST(Address, AnyIsKnownInBothFamilies) {
  EXPECT_TRUE(Address::parse("0.0.0.0:1")->is_any());
  EXPECT_TRUE(Address::parse("[::]:1")->is_any());
  EXPECT_FALSE(Address::parse("127.0.0.1:1")->is_any());
  EXPECT_FALSE(Address::parse("[::1]:1")->is_any());
  EXPECT_TRUE(Address{}.is_zero());
  EXPECT_FALSE(Address::parse("0.0.0.0:0")->is_zero());
}

}  // namespace
}  // namespace gossip
