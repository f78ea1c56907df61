#pragma once

// The sessions of a transport. Opens them, accepts them within the bounds of Options, and keeps for
// every peer the one session that is used for sending. This is the session that was established
// first. A second session from a simultaneous opening only receives. If a peer opens another
// session later, it has lost the first, and the new one is used.
// Every incoming connection is accepted. When all places are full, one unfinished connection is
// closed for it: one of its own address if that address has too many, otherwise one of the address
// that has the most. A connection without a valid first message closes before one with it, and the
// oldest of these first. Addresses where members are have places of their own. So a host that opens
// many connections displaces its own.

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
  std::vector<std::unique_ptr<Session>> sessions_;  // in the order of opening, with ended ones
  std::map<NodeId, Session*> sending_;              // for each peer: established, or opened by us
  // Ended while sending; the handlers are told later.
  std::vector<std::pair<Session*, NodeId>> lost_;
  bool closing_ = false;
  std::function<void()> closed_;
};

}  // namespace transport
