#include "tools/cli/local_commands.h"

#include <utility>

#include "tools/cli/exit.h"
#include "tools/cli/keygen.h"

namespace cli {

void LocalCommands::add(CLI::App& app, Choose choose) {
  choose_ = std::move(choose);
  add_keygen(app);
  add_keys(app);
  add_certificates(app);
  add_version(app);
}

void LocalCommands::on(CLI::App* command, Command run) {
  command->callback([this, run = std::move(run)] { choose_(run); });
}

void LocalCommands::add_keygen(CLI::App& app) {
  auto* command = leaf(&app, "keygen", "make a new mesh key");
  word(command, "--out", out_,
       "write the key to this new file, mode 0600; an existing file is never replaced")
      ->type_name("FILE");
  on(command, [this](Printer& printer) { return keygen(printer, out_); });
}

void LocalCommands::add_version(CLI::App& app) {
  on(leaf(&app, "version", "print the version of this program"), [](Printer& printer) {
    printer.text(printer.is_table() ? "hearsay " HEARSAY_VERSION "\n"
                                    : R"({"version":")" HEARSAY_VERSION "\"}\n");
    return static_cast<int>(kDone);
  });
}

void LocalCommands::data_dir_option(CLI::App* command) {
  words(command, "--data-dir", flags_["data_dir"], "the data directory of the agent")
      ->type_name("DIR");
}

void LocalCommands::add_keys(CLI::App& app) {
  auto* keys = app.add_subcommand("apikey", "make, list and remove API keys of HTTP clients")
                   ->fallthrough()
                   ->require_subcommand(1);
  auto* add = leaf(keys, "add", "make a key and print its text, which is shown only now");
  word(add, "name", key_.name, "of the key, for people")->required();
  word(add, "--scope", key_.scopes,
       "what it may do: read, write, admin, or several with commas (default read,write)")
      ->type_name("SCOPES");
  auto* plan = add->add_option("--plan", key_.per_minute,
                               "requests a minute: 60, 1000 or 10000 (default 1000)");
  plan->check(CLI::IsMember({60, 1'000, 10'000}))->type_name("N");
  add->add_option("--rate", key_.per_minute, "requests a minute, another number")
      ->check(CLI::Range(1u, auth::kRateMax))
      ->excludes(plan)
      ->type_name("N");
  add->add_flag("--no-mtls", key_.no_mtls,
                "the delta sync API needs no client certificate with this key");
  add->add_flag("--no-nonce", key_.no_nonce,
                "the delta sync API needs no nonce and no signature with this key");
  add->add_option("--nonce-ttl", key_.nonce_seconds, "how long a nonce can be used (default 60)")
      ->check(CLI::Range(auth::kNonceSecondsMin, auth::kNonceSecondsMax))
      ->type_name("SECONDS");
  on(add, [this](Printer& printer) { return add_api_key(printer, flags_, key_); });

  auto* ls = leaf(keys, "ls", "list the keys; exit 4 when there is none");
  on(ls, [this](Printer& printer) { return list_api_keys(printer, flags_); });

  auto* rm = leaf(keys, "rm", "remove a key; exit 4 when there is no such key");
  word(rm, "key", word_, "its id or its name")->required();
  on(rm, [this](Printer& printer) { return remove_api_key(printer, flags_, word_); });
  for (auto* command : {add, ls, rm}) data_dir_option(command);
}

void LocalCommands::add_certificates(CLI::App& app) {
  auto* tls = app.add_subcommand("tls", "make and revoke certificates")
                  ->fallthrough()
                  ->require_subcommand(1);
  auto* ca = leaf(tls, "ca", "make a certificate authority: DIR/ca.crt and DIR/ca.key");
  word(ca, "--name", certificate_.name, "its name in certificates (default Hearsay CA)")
      ->type_name("NAME");
  on(ca, [this](Printer& printer) { return make_authority(printer, certificate_); });

  auto* issue = leaf(tls, "issue", "make a certificate: DIR/NAME.crt and DIR/NAME.key");
  word(issue, "name", certificate_.name, "of the host, or of the client")->required();
  word(issue, "--ca", certificate_.authority, "the folder with ca.crt and ca.key")
      ->required()
      ->type_name("DIR");
  words(issue, "--host", certificate_.hosts,
        "a name or address of the host; may be repeated (default NAME)")
      ->type_name("HOST");
  issue->add_flag("--client", certificate_.is_client,
                  "a certificate that a client shows, not one of a server");
  on(issue, [this](Printer& printer) { return issue_certificate(printer, certificate_); });
  for (auto* command : {ca, issue}) {
    word(command, "--out", certificate_.out,
         "the folder for the new files; existing files are never replaced")
        ->required()
        ->type_name("DIR");
  }

  auto* revoke = leaf(tls, "revoke", "refuse a client certificate from now on");
  word(revoke, "serial", word_, "its serial number, as tls issue prints it")->required();
  data_dir_option(revoke);
  on(revoke, [this](Printer& printer) { return revoke_certificate(printer, flags_, word_); });
}

}  // namespace cli
