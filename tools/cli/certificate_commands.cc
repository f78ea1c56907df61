#include "tools/cli/certificate_commands.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>

#include "agent/files.h"
#include "agent/regular_file.h"
#include "crdt/base/json_string.h"
#include "tools/cli/certificate.h"
#include "tools/cli/descriptors.h"
#include "tools/cli/names.h"
#include "tools/cli/new_file.h"

namespace cli {
namespace {

constexpr std::int64_t kDay = 24 * 60 * 60;
constexpr std::int64_t kAuthorityDays = 3'650;
constexpr std::int64_t kCertificateDays = 730;
// An earlier time of the clock of this host is wrong: it is before the program was written. A
// certificate that is made then would end too early on every other host.
constexpr std::int64_t kClockMin = 1'767'225'600;  // 2026-01-01
constexpr std::size_t kPemMax = 64 * 1024;
constexpr std::size_t kCommonNameMax = 64;

base::Result<std::int64_t> end_after(std::int64_t days) {
  auto now = std::chrono::duration_cast<std::chrono::seconds>(
                 std::chrono::system_clock::now().time_since_epoch())
                 .count();
  if (now >= kClockMin) return now + days * kDay;
  return base::Error{
      base::Code::kUnavailable,
      "the clock of this host is before 2026, so the end of the certificate would be "
      "wrong; set the clock"};
}

// The name is a file name too.
bool is_plain(const std::string& name) {
  if (name.empty() || name.size() > kCommonNameMax || name.front() == '.' || name.front() == '-') {
    return false;
  }
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

base::Result<std::string> read_pem(const std::string& path, bool is_secret) {
  ASSIGN_OR_RETURN(auto file, agent::read_regular_file(path, kPemMax));
  if (!file) return base::Error{base::Code::kNotFound, "read " + path + ": no such file"};
  if (is_secret && (file->mode & 077) != 0) {
    return base::Error{base::Code::kForbidden,
                       path + " can be read by others; run: chmod 600 " + path};
  }
  return std::move(file->text);
}

// Both files or none.
base::Status write_pair(const std::string& stem, const CertificateFiles& files) {
  RETURN_IF_ERROR(write_new_file(stem + ".key", files.key, 0600));
  auto written = write_new_file(stem + ".crt", files.certificate, 0644);
  if (!written.ok()) unlink((stem + ".key").c_str());
  return written;
}

int show(Printer& printer, const std::string& stem, const std::string& serial, std::int64_t end) {
  std::string until = readable_stamp(std::to_string(end * 1'000'000'000) + ".0");
  if (printer.is_table()) {
    printer.pairs({{"certificate", {stem + ".crt"}},
                   {"key", {stem + ".key"}},
                   {"serial", {serial}},
                   {"valid until", {until}}});
  } else {
    printer.text(fmt::format(
        "{{\"certificate\":{},\"key\":{},\"serial\":\"{}\",\"valid_until\":\"{}\"}}\n",
        base::json_quote(stem + ".crt"), base::json_quote(stem + ".key"), serial, until));
  }
  return kDone;
}

int write_and_show(Printer& printer, const std::string& folder, const std::string& name,
                   const base::Result<CertificateFiles>& made, std::int64_t end) {
  if (!made.ok()) return fail(made.error());
  if (auto there = agent::make_private_directory(folder); !there.ok()) return fail(there.error());
  std::string stem = folder + "/" + name;
  if (auto written = write_pair(stem, *made); !written.ok()) return fail(written.error());
  return show(printer, stem, made->serial, end);
}

}  // namespace

int make_authority(Printer& printer, const NewCertificate& wanted) {
  Subject subject;
  subject.name = wanted.name.empty() ? "Hearsay CA" : wanted.name;
  if (subject.name.size() > kCommonNameMax) return usage_error("--name: at most 64 bytes");
  auto end = end_after(kAuthorityDays);
  if (!end.ok()) return fail(end.error());
  subject.not_after = *end;
  return write_and_show(printer, wanted.out, "ca", new_authority(subject), *end);
}

int issue_certificate(Printer& printer, const NewCertificate& wanted) {
  if (!is_plain(wanted.name) || wanted.name == "ca") {
    return usage_error(
        "NAME becomes a file name: 1 to 64 of the characters a-z A-Z 0-9 . - _, not first . or -, "
        "and not ca");
  }
  if (wanted.is_client && !wanted.hosts.empty()) {
    return usage_error("a client certificate has no --host");
  }
  Subject subject;
  subject.name = wanted.name;
  subject.hosts = wanted.hosts;
  if (subject.hosts.empty() && !wanted.is_client) subject.hosts.push_back(wanted.name);
  for (const std::string& host : subject.hosts) {
    if (!is_certificate_host(host)) {
      return usage_error("--host " + host + ": expected a name or an address, without a port");
    }
  }
  auto end = end_after(kCertificateDays);
  if (!end.ok()) return fail(end.error());
  subject.not_after = *end;
  auto certificate = read_pem(wanted.authority + "/ca.crt", false);
  if (!certificate.ok()) return fail(certificate.error());
  auto key = read_pem(wanted.authority + "/ca.key", true);
  if (!key.ok()) return fail(key.error());
  auto made = new_certificate(subject, {*certificate, *key, ""});
  return write_and_show(printer, wanted.out, wanted.name, made, *end);
}

}  // namespace cli
