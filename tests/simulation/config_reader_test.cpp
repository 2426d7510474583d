#include "mdgps/simulation/config_reader.hpp"

#include <gmock/gmock.h>

#include "simulation/support.hpp"

namespace mdgps {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class ConfigReaderTest : public ::testing::Test {
 protected:
  ConfigReader open(const std::string& text, const std::vector<std::string>& overrides = {}) const {
    std::ofstream(copy_.folder / "file.toml") << text;
    return ConfigReader::open(copy_.folder / "file.toml", overrides);
  }

 private:
  testing::ReacherCopy copy_;
};

template <class Function>
std::string error_of(const Function& function) {
  try {
    function();
  } catch (const ConfigError& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << "more than one line: " << error.what();
    return error.what();
  }
  return "no error";
}

TEST_F(ConfigReaderTest, ReadsValuesOfEachType) {
  const auto reader = open("a = true\nb = -3\nc = 0.5\nd = 'word'\ne = [1, 2.5]\nf = [1, 2]\ng = ['x', 'y']\nh = 7");
  EXPECT_EQ(reader.required<bool>("a"), true);
  EXPECT_EQ(reader.required<int>("b"), -3);
  EXPECT_EQ(reader.required<double>("c"), 0.5);
  EXPECT_EQ(reader.required<std::string>("d"), "word");
  EXPECT_THAT(reader.required<std::vector<double>>("e"), ElementsAre(1.0, 2.5));
  EXPECT_THAT(reader.required<std::vector<int>>("f"), ElementsAre(1, 2));
  EXPECT_THAT(reader.required<std::vector<std::string>>("g"), ElementsAre("x", "y"));
  EXPECT_EQ(reader.required<double>("h"), 7.0);
  EXPECT_THAT(reader.numbers("h", 3, 0.0), ElementsAre(7.0, 7.0, 7.0));
  EXPECT_EQ(reader.optional("missing", 4), 4);
  reader.finish();
}

TEST_F(ConfigReaderTest, AnUnknownKeyIsReportedWithItsLineAndTheNearestKnownOne) {
  const auto reader = open("# comment\n[algorithm]\nsamples = 5\nkl_stp = 1.0\n");
  const auto algorithm = reader.child("algorithm");
  algorithm.optional("samples", 1);
  algorithm.optional("kl_step", 1.0);
  EXPECT_THAT(error_of([&] { algorithm.finish(); }),
              EndsWith("file.toml:4: unknown key 'kl_stp' in [algorithm]; did you mean 'kl_step'?"));
}

TEST_F(ConfigReaderTest, AnUnknownKeyThatResemblesNothingIsReportedWithAllKnownOnes) {
  const auto reader = open("banana = 1\n");
  reader.optional("samples", 1);
  reader.optional("horizon", 1);
  EXPECT_THAT(error_of([&] { reader.finish(); }),
              EndsWith("file.toml:1: unknown key 'banana'; choose from: horizon, samples"));
}

TEST_F(ConfigReaderTest, WrongTypesAreReportedWithLineAndWhatIsWanted) {
  const auto reader = open("[a]\nb = 'x'\nc = 1.5\nd = [1, 'x']\ne = 99999999999\ng = nan\n").child("a");
  EXPECT_THAT(error_of([&] { reader.required<double>("b"); }), EndsWith(":2: 'a.b' is a string; give a number"));
  EXPECT_THAT(error_of([&] { reader.required<int>("c"); }), EndsWith(":3: 'a.c' is a number; give a whole number"));
  EXPECT_THAT(error_of([&] { reader.required<std::vector<double>>("d"); }),
              EndsWith(":4: 'a.d' holds a string; give an array whose elements are each a number"));
  EXPECT_THAT(error_of([&] { reader.required<int>("e"); }), EndsWith(":5: 'a.e' is too large; give a whole number"));
  EXPECT_THAT(error_of([&] { reader.required<double>("g"); }), EndsWith(":6: 'a.g' is not finite; give a number"));
  EXPECT_THAT(error_of([&] { reader.required<int>("f"); }), EndsWith(":1: key 'f' is missing in [a]; add it"));
  EXPECT_THAT(error_of([&] { reader.numbers("d", 2, 0.0); }), HasSubstr(":4:"));
}

TEST_F(ConfigReaderTest, AChoiceIsOneOfItsWords) {
  const auto reader = open("rule = 'clasic'\n");
  EXPECT_THAT(error_of([&] {
                reader.choice("rule", "global", {"classic", "global"});
              }),
              EndsWith(":1: 'rule' is 'clasic'; did you mean 'classic'?"));
  EXPECT_EQ(reader.choice("other", "global", {"classic", "global"}), "global");
}

TEST_F(ConfigReaderTest, OverridesReplaceAddAndReachIntoArrays) {
  const auto reader = open("a = 1\n[[cost]]\nl1 = 1.0\n[[cost]]\nl1 = 2.0\n",
                           {"a=2", "new.table.key=[1, 2]", "word=local", "cost.1.l1=3"});
  EXPECT_EQ(reader.required<int>("a"), 2);
  EXPECT_THAT(reader.child("new").child("table").required<std::vector<int>>("key"), ElementsAre(1, 2));
  EXPECT_EQ(reader.required<std::string>("word"), "local");
  EXPECT_EQ(reader.children("cost").at(0).required<double>("l1"), 1.0);
  EXPECT_EQ(reader.children("cost").at(1).required<double>("l1"), 3.0);
}

TEST_F(ConfigReaderTest, ErrorsInOverridesNameTheOverride) {
  EXPECT_THAT(error_of([&] { open("", {"a"}); }), HasSubstr("--set a: is not of the form key=value"));
  EXPECT_THAT(error_of([&] { open("a = 1", {"a.b=1"}); }), HasSubstr("--set a.b=1: 'a' is neither"));
  EXPECT_THAT(error_of([&] { open("[[c]]\nx = 1", {"c.4.x=1"}); }), HasSubstr("--set c.4.x=1: '4' is neither"));
  EXPECT_THAT(error_of([&] { open("a = [1]", {"a.1=2"}); }), HasSubstr("--set a.1=2: there is no element '1'"));
  const auto reader = open("a = 1", {"a=often"});
  EXPECT_EQ(error_of([&] { reader.required<int>("a"); }), "--set a=often: 'a' is a string; give a whole number");
  const auto other = open("a = 1", {"b.horizn=3"});
  EXPECT_THAT(error_of([&] {
                const auto b = other.child("b");
                b.optional("horizon", 1);
                b.finish();
              }),
              HasSubstr("--set b.horizn=3: unknown key 'horizn' in [b]; did you mean 'horizon'?"));
}

TEST_F(ConfigReaderTest, AnOverrideMayHoldQuotes) {
  EXPECT_EQ(open("", {R"(a=say "hi" \now)"}).required<std::string>("a"), R"(say "hi" \now)");
}

TEST_F(ConfigReaderTest, BrokenTomlAndMissingFilesAreReported) {
  EXPECT_THAT(error_of([&] { open("a = 1\nb = = 2\n"); }), HasSubstr("file.toml:2: "));
  EXPECT_THAT(error_of([&] { ConfigReader::open("no/such.toml"); }), HasSubstr("no/such.toml: no such file"));
}

TEST_F(ConfigReaderTest, DifferencesAreKeysWithBothValues) {
  const std::string text = "word = 'x'\n[t]\nb = [0.3, 1e-5]\n[[cost]]\nl1 = 1.0\n";
  const auto difference = [&](const std::vector<std::string>& mine, const std::vector<std::string>& others) {
    std::string all;
    for (const auto& [key, value, other] : differences(open(text, mine).values(), open(text, others).values()))
      all += (all.empty() ? "" : "; ") + key + ": " + value + ", " + other;
    return all;
  };
  EXPECT_EQ(difference({}, {}), "");
  EXPECT_EQ(difference({"t.b=[0.3, 0.00001]"}, {"t.empty={}"}), "");
  EXPECT_EQ(difference({}, {"cost.0.l1=2"}), "cost.0.l1: 1, 2");
  EXPECT_EQ(difference({"cost.0.l1=1"}, {}), "");
  EXPECT_EQ(difference({"t.b.1=0.5", "word=y"}, {}), "t.b: [0.3, 0.5], [0.3, 1e-05]; word: \"y\", \"x\"");
  EXPECT_EQ(difference({"word='y\\nz'"}, {}), "word: \"y\\\\nz\", \"x\"");
  EXPECT_EQ(difference({"a=none"}, {}), "a: \"none\", none");
  EXPECT_EQ(difference({}, {"a=1"}), "a: none, 1");
}

TEST_F(ConfigReaderTest, TheTextHoldsDefaultsAndReadsBackTheSame) {
  const auto reader = open("a = 0.1\n[t]\nb = [0.3, 1e-5]\n", {"t.c=7"});
  reader.optional("d", 1.0 / 3.0);
  reader.child("t").optional("e", std::vector<double>{1.0, 2.0});
  const auto again = open(reader.text());
  EXPECT_EQ(again.required<double>("a"), 0.1);
  EXPECT_EQ(again.required<double>("d"), 1.0 / 3.0);
  const auto t = again.child("t");
  EXPECT_THAT(t.required<std::vector<double>>("b"), ElementsAre(0.3, 1e-5));
  EXPECT_THAT(t.required<std::vector<double>>("e"), ElementsAre(1.0, 2.0));
  EXPECT_EQ(t.required<int>("c"), 7);
  EXPECT_EQ(again.text(), reader.text());
}

}  // namespace
}  // namespace mdgps
