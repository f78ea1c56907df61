// The page at /ui/ as a browser gets it.

#include <zlib.h>

#include "agent/web/files.h"
#include "tests/api/answers.h"

namespace agent {
namespace {

// Decoded by the library itself, without the code that packed it.
std::string unpacked(const std::string& packed) {
  z_stream stream = {};
  EXPECT_EQ(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
  std::string out(1u << 20, '\0');
  std::string in = packed;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

http::Response page(FakeHost& host, const std::string& name, const http::Headers& headers = {}) {
  auto exchange = host.send("GET", "/ui/" + name, "", headers);
  host.run();
  EXPECT_TRUE(exchange->answered());
  return exchange->response();
}

struct Ui : ::testing::Test {
  FakeHost a{"A"};
};

TEST_F(Ui, ServesThePageWithItsMediaTypesAndAPolicyAgainstForeignCode) {
  http::Response index = page(a, "");
  EXPECT_EQ(index.status, 200);
  EXPECT_EQ(index.content_type, "text/html; charset=utf-8");
  EXPECT_TRUE(index.body.starts_with("<!doctype html>"));
  EXPECT_TRUE(header(index, "content-security-policy").starts_with("default-src 'self'"));
  EXPECT_EQ(header(index, "cache-control"), "no-cache");
  EXPECT_EQ(page(a, "main.js").content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(page(a, "style.css").content_type, "text/css; charset=utf-8");
  EXPECT_EQ(page(a, "icon.svg").content_type, "image/svg+xml");
  EXPECT_EQ(page(a, "index.html").status, 404) << "the page has one address";
}

TEST_F(Ui, TheRootAndTheAddressWithoutItsSlashSendTheClientToThePage) {
  for (const char* path : {"/", "/ui"}) {
    http::Response response = a.call("GET", path, "");
    EXPECT_EQ(response.status, 308);
    EXPECT_EQ(header(response, "location"), "/ui/");
  }
  EXPECT_EQ(a.call("POST", "/", "{}").status, 405);
}

// The policy of the page forbids both, so a browser would not run them.
TEST_F(Ui, HasNoInlineScriptOrStyleAndNamesNoOtherHost) {
  for (const WebFile& file : web_files()) {
    if (file.name.empty()) {
      EXPECT_EQ(file.plain.find("<script>"), file.plain.npos);
      EXPECT_EQ(file.plain.find("<style"), file.plain.npos);
      EXPECT_EQ(file.plain.find(" style="), file.plain.npos);
      EXPECT_EQ(file.plain.find(" onclick="), file.plain.npos);
    }
    for (std::size_t at = 0; (at = file.plain.find("://", at)) != file.plain.npos; ++at) {
      const bool name_of_svg = file.plain.substr(at).starts_with("://www.w3.org/2000/svg");
      EXPECT_TRUE(name_of_svg) << file.name << ": " << file.plain.substr(at - 5, 40);
    }
  }
}

TEST_F(Ui, PacksEveryFileForClientsThatTakeIt) {
  for (const WebFile& file : web_files()) {
    const std::string name(file.name);
    http::Response plain = page(a, name);
    http::Response packed = page(a, name, {{"accept-encoding", "br, gzip;q=0.8"}});

    EXPECT_EQ(plain.body, file.plain);
    EXPECT_EQ(header(plain, "content-encoding"), "");
    EXPECT_EQ(header(packed, "content-encoding"), "gzip");
    EXPECT_EQ(header(packed, "vary"), "accept-encoding");
    EXPECT_EQ(unpacked(packed.body), file.plain) << name;
  }
  for (const char* refused : {"identity", "gzip;q=0", "gzip; q=0.00", "br", "notgzip"}) {
    http::Response response = page(a, "main.js", {{"accept-encoding", refused}});
    EXPECT_EQ(header(response, "content-encoding"), "") << refused;
  }
}

TEST_F(Ui, AnswersThatNothingHasChanged) {
  const std::string etag = header(page(a, "main.js"), "etag");
  ASSERT_TRUE(etag.starts_with('"') && etag.ends_with('"') && etag.size() > 20) << etag;

  for (const std::string& known : {etag, "W/" + etag, "\"other\", " + etag, std::string("*")}) {
    http::Response response = page(a, "main.js", {{"if-none-match", known}});
    EXPECT_EQ(response.status, 304) << known;
    EXPECT_EQ(response.body, "");
    EXPECT_EQ(header(response, "etag"), etag);
  }
  EXPECT_EQ(page(a, "main.js", {{"if-none-match", "\"other\""}}).status, 200);
  EXPECT_NE(header(page(a, "style.css"), "etag"), etag);
}

// Names are looked up in a table: no path leads to a file of the host.
TEST_F(Ui, HasNoOtherFiles) {
  for (const char* target :
       {"/ui/../etc/passwd", "/ui/%2e%2e/etc/passwd", "/ui/..%2Fmain.js", "/ui/./main.js",
        "/ui//main.js", "/ui/main.js/", "/ui/MAIN.JS", "/ui/main.js%00", "/ui/nothing"}) {
    http::Response response = a.call("GET", target, "");
    EXPECT_GE(response.status, 400) << target;
    EXPECT_LE(response.status, 404) << target;
    EXPECT_EQ(response.body.find("root:"), std::string::npos);
  }
  EXPECT_EQ(a.call("POST", "/ui/", "{}").status, 405);
}

// The service worker keeps the page for the time when the agent is away: every file, or the page
// would not start.
TEST_F(Ui, TheServiceWorkerKeepsEveryFile) {
  const WebFile* worker = find_web_file("sw.js");
  ASSERT_NE(worker, nullptr);
  for (const WebFile& file : web_files()) {
    if (&file == worker) continue;
    const std::string kept = file.name.empty() ? "\"./\"" : "\"" + std::string(file.name) + "\"";
    EXPECT_NE(worker->plain.find(kept), worker->plain.npos) << kept << " is not kept";
  }
}

}  // namespace
}  // namespace agent
