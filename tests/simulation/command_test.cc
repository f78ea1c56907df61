// Runs `hearsay-sim` as an operator does: what it refuses, which options it follows, how it ends.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/process.h"

namespace simulation {
namespace {

using Words = std::vector<std::string>;

support::Outcome call(Words arguments) {
  support::Command command;
  command.arguments = {HEARSAY_BIN_DIR "/hearsay-sim"};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  auto outcome = support::run(command, support::Millis{60'000});
  return outcome.ok() ? *outcome : support::Outcome{-1, "", outcome.error().message};
}

// A short run, as JSON.
nlohmann::json report_of(Words more) {
  Words arguments{"run", "--seconds", "5", "-o", "json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  auto outcome = call(arguments);
  EXPECT_EQ(outcome.status, 0) << outcome.errors;
  return nlohmann::json::parse(outcome.output, nullptr, false);
}

TEST(SimCommand, WhatMakesNoSenseIsAUsageError) {
  const std::vector<Words> wrong{
      {},
      {"nonsense"},
      {"run", "--nonsense"},
      {"run", "--nodes", "0"},
      {"run", "--nodes", "1"},
      {"run", "--nodes", "1000"},
      {"run", "--seed", "-1"},
      {"run", "--seconds", "-5"},
      {"run", "--seconds", "0"},
      {"run", "--seconds", "nan"},
      {"run", "--seconds", "inf"},
      {"run", "--seconds", "1e300"},
      {"run", "--requests", "-3"},
      {"run", "--log-bytes", "-1"},
      {"run", "--loss", "101"},
      {"run", "--objects", "101"},
      {"run", "--profile", "office"},
      {"run", "--topology", "ring"},
      {"run", "--topology", "tree"},  // this version knows the name, but has no such topology
      {"run", "--faults", "rain"},
      {"run", "--plant", "99"},
      {"run", "--plant", "-1"},
      {"run", "-o", "xml"},
      {"sweep", "--seeds", "0"},
      {"sweep", "--jobs", "0"},
      {"hunt", "--plant", "99", "--seeds", "1"},
      {"power-cuts", "--plant", "99", "--images", "1"},
      {"power-cuts", "--images", "0"},
  };
  for (const Words& arguments : wrong) {
    auto outcome = call(arguments);
    EXPECT_EQ(outcome.status, 2) << ::testing::PrintToString(arguments) << outcome.errors;
    EXPECT_NE(outcome.errors, "") << ::testing::PrintToString(arguments);
  }
}

TEST(SimCommand, HelpSaysHowItEnds) {
  auto outcome = call({"--help"});

  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.output.find("0: every check holds. 1: a check failed. 2: usage."),
            std::string::npos);
}

TEST(SimCommand, AFailedCheckEndsWithOne) {
  auto outcome = call({"run", "--plant", "7", "-o", "json"});

  EXPECT_EQ(outcome.status, 1);
  EXPECT_FALSE(nlohmann::json::parse(outcome.output)["passed"].get<bool>());
}

// A fault that the operator asks for happens, whatever the seed would have drawn.
TEST(SimCommand, EveryFaultThatIsNamedHappens) {
  for (const std::string fault : {"loss", "duplication", "reordering", "corruption"}) {
    auto calm = report_of({"--faults", "none"});
    auto report = report_of({"--faults", fault});

    EXPECT_EQ(calm["faults"].size(), 0u);
    EXPECT_EQ(report["faults"].size(), 1u);
    EXPECT_NE(report["run"], calm["run"]) << fault;
  }
}

TEST(SimCommand, LossAloneIsObeyed) {
  EXPECT_NE(report_of({"--loss", "40"})["run"], report_of({"--loss", "10"})["run"]);
  EXPECT_EQ(report_of({"--faults", "none", "--loss", "30"})["faults"].count("loss"), 1u);
  EXPECT_EQ(report_of({"--loss", "0"})["faults"].count("loss"), 0u);
}

// Requests on catalogs are never refused, and have no texts.
TEST(SimCommand, TheShareOfRequestsOnObjectsIsObeyed) {
  auto catalogs = report_of({"--faults", "none", "--requests", "400", "--objects", "0"});
  auto objects = report_of({"--faults", "none", "--requests", "400", "--objects", "100"});

  EXPECT_EQ(catalogs["events"].value("requests refused: wrong", 0), 0);
  EXPECT_EQ(catalogs["events"].value("texts loaded", 0), 0);
  EXPECT_GT(objects["events"].value("requests refused: wrong", 0), 0);
}

TEST(SimCommand, NoughtIsANumber) {
  EXPECT_EQ(report_of({"--requests", "0"})["events"].value("requests", 0), 0);
}

// The trace goes to stderr when another program reads stdout.
TEST(SimCommand, TheReportIsJsonBesideATrace) {
  auto outcome = call({"run", "--seconds", "2", "--trace", "-o", "json"});

  EXPECT_TRUE(nlohmann::json::accept(outcome.output));
  EXPECT_NE(outcome.errors.find("| A"), std::string::npos);
}

}  // namespace
}  // namespace simulation
