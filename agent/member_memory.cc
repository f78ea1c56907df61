#include "agent/member_memory.h"

#include <memory>
#include <utility>

#include "agent/api/scoped_address.h"
#include "agent/files.h"
#include "crdt/base/check.h"
#include "crdt/base/hash.h"

namespace agent {
namespace {

constexpr std::string_view kTitle = "hearsay members 1 ";

std::string checksum(std::string_view lines) {
  base::Bytes bytes;
  base::append_be64(bytes, base::row_checksum(lines));
  return base::to_hex(bytes);
}

// Cuts `text` at the first `end`: returns the part before it, and keeps the part after it.
std::string_view take(std::string_view& text, char end) {
  std::size_t at = text.find(end);
  std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}

}  // namespace

std::string members_text(const std::vector<gossip::MemberRecord>& members) {
  std::string lines;
  for (const gossip::MemberRecord& member : members) {
    lines += member.node.hex() + " " + scoped_text(member.address) + " " + member.name + "\n";
  }
  return std::string(kTitle) + checksum(lines) + "\n" + lines;
}

base::Result<std::vector<gossip::MemberRecord>> members_from(std::string_view text) {
  std::string_view title = take(text, '\n');
  bool whole = title.starts_with(kTitle) && title.substr(kTitle.size()) == checksum(text);
  if (!whole) return base::invalid("the file is damaged, or of another version");
  std::vector<gossip::MemberRecord> members;
  while (!text.empty()) {
    std::string_view name = take(text, '\n');
    auto node = base::NodeId::from_hex(take(name, ' '));
    std::string_view where = take(name, ' ');
    auto address = parse_scoped(where);
    // The interface does not exist now. The file is not damaged.
    if (!address && where.find('%') != std::string_view::npos) continue;
    if (!node || !address || !gossip::is_member_name(name))
      return base::invalid("a line is malformed");
    gossip::MemberRecord member;
    member.node = *node;
    member.address = *address;
    member.name = name;
    members.push_back(std::move(member));
  }
  return members;
}

struct MemberMemory::Writing {
  uv_work_t work{};
  MemberMemory* memory = nullptr;
  std::string text;
  base::Status done;
};

MemberMemory::MemberMemory(uv_loop_t* loop, std::string path, Warn warn)
    : loop_(loop), path_(std::move(path)), warn_(std::move(warn)) {}

MemberMemory::~MemberMemory() { CHECK(!writing_); }

std::vector<gossip::MemberRecord> MemberMemory::load() {
  auto text = read_small_file(path_);
  if (!text.ok()) {
    warn_(text.error().message);
    return {};
  }
  if (!*text) return {};
  auto members = members_from(**text);
  if (!members.ok()) {
    warn_(path_ + ": " + members.error().message +
          "; it is ignored, the agent knows only its seeds");
    return {};
  }
  last_ = **text;
  return *members;
}

void MemberMemory::save(const std::vector<gossip::MemberRecord>& members) {
  std::string text = members_text(members);
  if (text == last_) return;
  last_ = text;
  if (writing_) {
    waiting_ = std::move(text);
  } else {
    write(std::move(text));
  }
}

void MemberMemory::write(std::string text) {
  writing_ = true;
  auto* writing = new Writing;
  writing->memory = this;
  writing->text = std::move(text);
  writing->work.data = writing;
  auto work = [](uv_work_t* request) {
    auto* now = static_cast<Writing*>(request->data);
    now->done = write_private_file(now->memory->path_, now->text);
  };
  auto after = [](uv_work_t* request, int) {
    std::unique_ptr<Writing> done(static_cast<Writing*>(request->data));
    MemberMemory* memory = done->memory;
    memory->writing_ = false;
    if (!done->done.ok()) {
      memory->last_.clear();  // so that the next save writes again
      memory->warn_(done->done.error().message);
    }
    std::string next = std::exchange(memory->waiting_, {});
    if (!next.empty()) memory->write(std::move(next));
  };
  CHECK(uv_queue_work(loop_, &writing->work, work, after) == 0);
}

}  // namespace agent
