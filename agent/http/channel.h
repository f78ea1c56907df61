#pragma once

// The bytes of one connection in both directions, whatever carries them: TCP, a Unix socket, or TLS
// on top of one of them. Loop thread only.
//
// Life: it is made open. close() ends it; on_channel_closed() is the last call to the user, who may
// delete the channel in it and not before. No call to the user comes from inside a call of the user
// to the channel.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "agent/http/peer.h"

namespace http {

class ChannelUser {
 public:
  virtual void on_bytes(std::string_view bytes) = 0;  // valid during the call
  virtual void on_end() = 0;     // the other side sends nothing more; it may still read
  virtual void on_broken() = 0;  // nothing can be read or written any more
  // All that was handed over has been sent (ok), or cannot be sent. Also called by close() (not
  // ok) when bytes were unsent.
  virtual void on_drained(bool ok) = 0;
  virtual void on_channel_closed() = 0;

 protected:
  ~ChannelUser() = default;
};

class Channel {
 public:
  virtual ~Channel() = default;
  void set_user(ChannelUser& user) { user_ = &user; }  // once, before any other call

  virtual const Peer& peer() const = 0;
  // The handshake, if there is one, is complete. Bytes pass only then.
  virtual bool is_open() const { return true; }
  // The certificate of the client is not valid at the time that is known now.
  virtual bool is_expired() const { return false; }

  // False: the channel is broken. After stop_reading() bytes of one read (64 KiB) may still come.
  virtual bool start_reading() = 0;
  virtual void stop_reading() = 0;

  // Takes as many bytes of `text` as can be sent without waiting; 0 while something is unsent.
  // Nullopt: the channel is broken.
  virtual std::optional<std::size_t> try_write(std::string_view text) = 0;
  enum class Wrote { kAll, kLater, kBroken };
  // Sends all pieces. kLater: they must stay unchanged until on_drained(). Only when unsent() is 0.
  virtual Wrote write(std::span<std::string> pieces) = 0;
  virtual std::size_t unsent() const = 0;  // handed over, and not yet taken by the system

  // Tells the other side that nothing more will be sent. Only when unsent() is 0.
  virtual void shut_down() = 0;
  virtual void close() = 0;

 protected:
  ChannelUser* user_ = nullptr;
};

}  // namespace http
