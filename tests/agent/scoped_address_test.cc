#include "agent/api/scoped_address.h"

#include <gtest/gtest.h>

#include "agent/host_port.h"
#include "agent/lookup_thread.h"
#include "agent/member_memory.h"

namespace agent {
namespace {

TEST(ScopedAddress, AnInterfaceHasANameForPeopleAndANumberForTheKernel) {
  auto address = parse_scoped("[fe80::1%lo]:7700");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->scope, 1u);
  EXPECT_EQ(address->text(), "[fe80::1%1]:7700");
  EXPECT_EQ(scoped_text(*address), "[fe80::1%lo]:7700");
  EXPECT_EQ(parse_scoped(address->text()), address);
  EXPECT_EQ(address->bytes(), address->without_scope().bytes());
}

TEST(ScopedAddress, OnlyLinkLocalOnesHaveOneAndItMustExist) {
  for (const char* text : {"[fe80::1%nosuch0]:7700", "[fe80::1%]:7700", "[2001:db8::1%lo]:7700",
                           "127.0.0.1%lo:7700", "[fe80::1%0]:7700", "[fe80::1%lo:7700"}) {
    EXPECT_FALSE(parse_scoped(text)) << text;
  }
  EXPECT_EQ(scoped_text(*gossip::Address::parse("[fe80::1%4000000]:1")), "[fe80::1%4000000]:1");
  EXPECT_EQ(scoped_text(*gossip::Address::parse("[::1]:1")), "[::1]:1");
}

TEST(ScopedAddress, HostPortTakesAnInterfaceBehindALinkLocalAddress) {
  auto address = HostPort::parse("[fe80::1%eth0]:7700");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->text(), "[fe80::1%eth0]:7700");
  EXPECT_FALSE(address->is_any());
  EXPECT_FALSE(address->is_loopback());
  EXPECT_FALSE(HostPort::parse_http("[fe80::1%eth0]:7780"));
  for (const char* text : {"[fe80::1%]:1", "[::1%lo]:1", "[fe80::1%a/b]:1", "[fe80::1%a b]:1",
                           "[fe80::1%interface-too-long]:1", "[fe80::1%a%b]:1"}) {
    EXPECT_FALSE(HostPort::parse(text)) << text;
  }
}

TEST(ScopedAddress, ALookUpKeepsTheInterface) {
  auto found = ask_system("[fe80::1%lo]:7700");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0], *parse_scoped("[fe80::1%lo]:7700"));
  EXPECT_TRUE(ask_system("[fe80::1%nosuch0]:7700").empty());
  EXPECT_EQ(ask_system("[::1]:7700"), std::vector{*gossip::Address::parse("[::1]:7700")});
}

TEST(ScopedAddress, TheMemberFileKeepsTheNameOfTheInterface) {
  gossip::MemberRecord member;
  member.name = "n1";
  member.address = *parse_scoped("[fe80::1%lo]:7700");
  std::string text = members_text({member});
  EXPECT_NE(text.find("[fe80::1%lo]:7700"), std::string::npos) << text;
  auto back = members_from(text);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->at(0).address, member.address);
  // If an interface does not exist now, only this member is lost.
  member.address.scope = 4'000'000;
  gossip::MemberRecord other = member;
  other.address = *gossip::Address::parse("10.0.0.1:1");
  auto rest = members_from(members_text({member, other}));
  ASSERT_TRUE(rest.ok());
}

}  // namespace
}  // namespace agent
