#pragma once

// The sessions of a transport: opens them, admits them within the bounds of Options, and keeps for
// every peer the one that is used for sending. That is the first established; a second one from a
// simultaneous opening only receives. A peer that opens another one later has lost the first.
//
// A connection that comes in is always let in. When its place is full, an unfinished one closes for
// it: of its own address when that has too many, else of the address that has most; one that has
// sent no valid first message before one that has, and the oldest of these. Addresses where members
// are have places of their own. So whoever holds many connections open pushes out its own.

#include <uv.h>

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "gossip/transport/session.h"
#include "gossip/wire/first_messages.h"

namespace transport {

class SessionTable : private Session::Owner {
 public:
  SessionTable(uv_loop_t* loop, const Options& options, Stats& stats,
               const gossip::wire::MeshKey& key, const gossip::wire::SessionSeal::Identity& self,
               base::Random random, const Handlers& handlers);
  ~SessionTable() override;

  void accept(uv_stream_t* server);
  bool send(const NodeId& peer, const Address& address, base::Bytes message);
  void close(std::function<void()> closed);

 private:
  void established(Session& session) override;
  void message(Session& session, base::BytesView message) override;
  void ended(Session& session) override;
  void released(Session& session) override;

  Session& add(gossip::wire::SessionSeal::Role role);
  Session* open(const NodeId& peer, const Address& address);
  void make_room_for(const Session& newcomer);
  std::vector<Session*> unfinished_beside(const Session& newcomer) const;
  void choose_for_sending(Session& session);
  void make_room(const Session& newcomer);
  Session* least_recently_used(const Session& newcomer, const NodeId* peer) const;
  std::size_t count_established(const NodeId* peer) const;

  uv_loop_t* loop_;
  const Options& options_;
  Stats& stats_;
  gossip::wire::MeshKey key_;
  gossip::wire::SessionSeal::Identity self_;
  gossip::wire::FirstMessages firsts_;
  base::Random random_;
  const Handlers& handlers_;
  std::vector<std::unique_ptr<Session>> sessions_;  // in the order of opening, ended ones too
  std::map<NodeId, Session*> sending_;              // established, or opened by us and connecting
  std::vector<std::pair<Session*, NodeId>> lost_;   // ended while sending: to be told
  bool closing_ = false;
  std::function<void()> closed_;
};

}  // namespace transport
