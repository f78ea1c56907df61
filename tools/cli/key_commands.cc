#include "tools/cli/key_commands.h"

#include <fmt/format.h>
#include <sodium.h>

#include <chrono>
#include <utility>

#include "agent/config.h"
#include "crdt/base/json_string.h"
#include "tools/cli/exit.h"
#include "tools/cli/names.h"

namespace cli {
namespace {

constexpr char kReload[] = "a running agent takes this over at SIGHUP";

base::Random kernel_random() {
  base::Random::Seed seed;
  randombytes_buf(seed.data(), seed.size());
  return base::Random(seed);
}

std::string time_text(std::int64_t seconds) {
  return readable_stamp(std::to_string(seconds * 1'000'000'000) + ".0");
}

// The fields of a key as JSON, without the braces.
std::string fields_of(const auth::ApiKey& key) {
  std::string scopes;
  for (auto [has, name] : {std::pair{key.scopes.read, "read"}, std::pair{key.scopes.write, "write"},
                           std::pair{key.scopes.admin, "admin"}}) {
    if (has) scopes += fmt::format("{}\"{}\"", scopes.empty() ? "" : ",", name);
  }
  return fmt::format(
      R"("id":"{}","name":{},"scopes":[{}],"per_minute":{},"no_mtls":{},"no_nonce":{},)"
      R"("nonce_ttl":{},"created":"{}")",
      key.id, base::json_quote(key.name), scopes, key.per_minute, key.no_mtls, key.no_nonce,
      key.nonce_seconds, time_text(key.created));
}

}  // namespace

int add_api_key(Printer& printer, const agent::Flags& flags, const NewApiKey& wanted) {
  auto directory = agent::data_directory_setting(flags);
  if (!directory.ok()) return usage_error(directory.error().message);
  auto scopes = auth::parse_scopes(wanted.scopes);
  if (!scopes.ok()) return usage_error("--scope: " + scopes.error().message);
  auth::ApiKey key;
  key.name = wanted.name;
  key.scopes = *scopes;
  key.per_minute = wanted.per_minute;
  key.no_mtls = wanted.no_mtls;
  key.no_nonce = wanted.no_nonce;
  key.nonce_seconds = wanted.nonce_seconds;
  key.created = std::chrono::duration_cast<std::chrono::seconds>(
                    std::chrono::system_clock::now().time_since_epoch())
                    .count();
  if (auto sound = auth::check_key(key); !sound.ok()) return usage_error(sound.error().message);

  if (sodium_init() < 0) {
    return fail({base::Code::kInternal, "libsodium cannot be set up on this host"});
  }
  base::Random random = kernel_random();
  std::string text;
  auto changed = auth::change_keys(*directory, [&](auth::KeyFile& file) -> base::Status {
    ASSIGN_OR_RETURN(text, file.add(key, random));
    key = file.keys.back();
    return {};
  });
  if (!changed.ok()) return fail(changed.error());
  printer.text(printer.is_table() ? text + "\n"
                                  : fmt::format("{{{},\"key\":\"{}\"}}\n", fields_of(key), text));
  say(fmt::format("made the key {} ({}) in {}; its text is shown only now; {}", key.id, key.name,
                  auth::key_path(*directory), kReload));
  return kDone;
}

int list_api_keys(Printer& printer, const agent::Flags& flags) {
  auto directory = agent::data_directory_setting(flags);
  if (!directory.ok()) return usage_error(directory.error().message);
  auto file = auth::read_keys(*directory);
  if (!file.ok()) return fail(file.error());
  std::vector<Row> rows;
  std::vector<std::string> elements;
  for (const auth::ApiKey& key : file->keys) {
    rows.push_back({{key.id},
                    {key.name},
                    {auth::scopes_text(key.scopes)},
                    {std::to_string(key.per_minute)},
                    {key.no_mtls ? "no" : "yes"},
                    {key.no_nonce ? "no" : fmt::format("{} s", key.nonce_seconds)},
                    {time_text(key.created)}});
    elements.push_back("{" + fields_of(key) + "}");
  }
  if (printer.is_table()) {
    if (!rows.empty()) {
      printer.rows({"ID", "NAME", "SCOPES", "PER MINUTE", "CERTIFICATE", "NONCE", "CREATED"}, rows);
    }
  } else {
    printer.answer(fmt::format("[{}]", fmt::join(elements, ",")),
                   std::vector<std::string_view>(elements.begin(), elements.end()));
  }
  if (!rows.empty()) return kDone;
  say(fmt::format("{} has no API keys", auth::key_path(*directory)));
  return kNotFound;
}

int remove_api_key(Printer& printer, const agent::Flags& flags, const std::string& id_or_name) {
  auto directory = agent::data_directory_setting(flags);
  if (!directory.ok()) return usage_error(directory.error().message);
  // First without a change, so that a wrong directory is not made.
  auto before = auth::read_keys(*directory);
  if (!before.ok()) return fail(before.error());
  if (auto known = before->remove(id_or_name); !known.ok()) return fail(known.error());
  auth::ApiKey removed;
  auto changed = auth::change_keys(*directory, [&](auth::KeyFile& file) -> base::Status {
    ASSIGN_OR_RETURN(removed, file.remove(id_or_name));
    return {};
  });
  if (!changed.ok()) return fail(changed.error());
  if (printer.is_table()) {
    printer.line(fmt::format("removed {} ({})", removed.id, removed.name));
  } else {
    printer.text(fmt::format("{{{}}}\n", fields_of(removed)));
  }
  say(kReload);
  return kDone;
}

int revoke_certificate(Printer& printer, const agent::Flags& flags, const std::string& serial) {
  auto normal = auth::normal_serial(serial);
  if (!normal.ok()) return usage_error(normal.error().message);
  auto directory = agent::data_directory_setting(flags);
  if (!directory.ok()) return usage_error(directory.error().message);
  auto changed = auth::change_keys(*directory, [&](auth::KeyFile& file) -> base::Status {
    auto added = file.revoke(*normal);
    return added.ok() ? base::Status() : base::Status(added.error());
  });
  if (!changed.ok()) return fail(changed.error());
  printer.text(printer.is_table() ? "revoked " + *normal + "\n"
                                  : "{\"revoked\":\"" + *normal + "\"}\n");
  say(kReload);
  return kDone;
}

}  // namespace cli
