#include "wire/s3/xml.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cloudshelf::s3 {
namespace {

void expect_malformed(const std::string& text) {
    const auto read = read_xml(text);
    ASSERT_FALSE(read) << text.substr(0, 200);
    EXPECT_EQ(read.error().code, "MalformedXML");
    EXPECT_EQ(
        read.error().message,
        "The XML you provided was not well-formed or did not validate against our published schema"
    );
}

std::string text_of(const std::string& document) {
    const auto read = read_xml(document);
    return read ? read->text : read.error().code;
}

std::string nested(int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += "<a>";
    for (int i = 0; i < depth; ++i) text += "</a>";
    return text;
}

TEST(ReadXml, TreeWithoutNamespaces) {
    const auto root = read_xml(
        "\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?>\r\n<!-- a > b -->\n"
        "<s:Root xmlns:s=\"http://s3.amazonaws.com/doc/2006-03-01/\" xmlns='x' s:type='k&amp;v'>\n"
        "  <s:A>one</s:A><B/> <A><![CDATA[<two>&]]></A>\n</s:Root>\n<?after?>"
    );
    ASSERT_TRUE(root);
    EXPECT_EQ(root->name, "Root");
    ASSERT_EQ(root->attributes.size(), 1u);
    EXPECT_EQ(root->attribute("type"), "k&v");
    EXPECT_EQ(root->attribute("other"), "");
    ASSERT_EQ(root->children.size(), 3u);
    EXPECT_EQ(root->children[0].name, "A");
    EXPECT_EQ(root->children[0].text, "one");
    EXPECT_EQ(root->children[1].name, "B");
    EXPECT_EQ(root->children[2].text, "<two>&");
}

TEST(ReadXml, TextAsItIsMeant) {
    EXPECT_EQ(text_of("<a> </a>"), " ");
    EXPECT_EQ(text_of("<a> b </a>"), " b ");
    EXPECT_EQ(text_of("<a>x\r\ny\rz</a>"), "x\ny\nz");
    EXPECT_EQ(text_of("<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#x20AC;&#x0D;&#x1;</a>"), "<>&\"'AB\u20ac\r\x01");
    EXPECT_EQ(text_of("<a>&amp;amp;</a>"), "&amp;");
    EXPECT_EQ(text_of("<a>b<!-- c -->d</a>"), "bd");
    EXPECT_EQ(text_of("<a>\U0001f4da</a>"), "\U0001f4da");
}

TEST(ReadXml, NoDocumentTypesAndNoEntities) {
    expect_malformed("<!DOCTYPE a><a/>");
    expect_malformed("<!DOCTYPE a [<!ENTITY b \"cc\">]><a>&b;</a>");
    expect_malformed("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>");
    expect_malformed("<a>&b;</a>");
    expect_malformed("<a b='&c;'/>");
    expect_malformed("<a><!ENTITY b 'c'></a>");
}

TEST(ReadXml, NotWellFormed) {
    for (const char* text :
         {"",
          "a",
          "<",
          "<a",
          "<a>",
          "</a>",
          "<a></b>",
          "<a/><b/>",
          "<a/>x",
          "x<a/>",
          "<a/></a>",
          "<a><b></a></b>",
          "<a b/>",
          "<a b=c/>",
          "<a>&</a>",
          "<a>&lt</a>",
          "<a>& amp;</a>",
          "<a>&#0;</a>",
          "<a>&#xD800;</a>",
          "<a>&#x110000;</a>",
          "<a>&#;</a>",
          "<a>&#x;</a>",
          "<a>&#-1;</a>",
          "<a>&#99999999999;</a>",
          "<a><![CDATA[</a>",
          "<a><!-- </a>",
          "<a b='<'/>",
          "<a>]]></a>",
          "<![CDATA[a]]><a/>",
          "<a/> <?xml version='1.0'?>",
          "<?xml version='1.0' encoding='UTF-16'?><a/>",
          "<?xml version='1.0' encoding='latin-1'?><a/>",
          "<a b='1'"})
        expect_malformed(text);
}

TEST(ReadXml, OnlyUtf8AndNoControlCharacters) {
    for (const char* bytes :
         {"\x01",
          "\x1f",
          "\x80",
          "\xc0\x80",
          "\xc1\xbf",
          "\xe0\x80\x80",
          "\xed\xa0\x80",
          "\xf4\x90\x80\x80",
          "\xff",
          "\xe2\x82"})
        expect_malformed(std::string("<a>") + bytes + "</a>");
    expect_malformed(std::string("<a>\0</a>", 8));
    EXPECT_EQ(text_of("<a>\t\n</a>"), "\t\n");
}

TEST(ReadXml, Limits) {
    EXPECT_TRUE(read_xml(nested(xml_depth_max)));
    expect_malformed(nested(xml_depth_max + 1));
    expect_malformed(nested(100'000));

    std::string many = "<a>";
    for (std::size_t i = 1; i < xml_elements_max; ++i) many += "<b/>";
    EXPECT_TRUE(read_xml(many + "</a>"));
    expect_malformed(many + "<b/></a>");

    const std::string longest = "<a>" + std::string(xml_bytes_max - 7, 'x') + "</a>";
    EXPECT_TRUE(read_xml(longest));
    expect_malformed(longest + " ");
    EXPECT_TRUE(read_xml(longest + " ", xml_bytes_max + 1));
}

TEST(XmlWriter, Document) {
    XmlWriter writer("Root");
    writer.element("Text", "a<b>&\"c\"\r\n\x01");
    writer.element("Number", std::int64_t{-5});
    writer.element("Flag", true);
    writer.element("Nothing", std::optional<std::string>());
    writer.element("Something", std::optional<int>(7));
    writer.open("Inner", "a=\"b\"");
    writer.element("Empty", "");
    writer.close();
    EXPECT_EQ(
        writer.finish(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Root xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        "<Text>a&lt;b&gt;&amp;&quot;c&quot;&#x0D;&#x0A;&#x01;</Text><Number>-5</Number><Flag>true</Flag>"
        "<Something>7</Something><Inner a=\"b\"><Empty></Empty></Inner></Root>"
    );
    XmlWriter plain("Error", XmlWriter::Namespace::none);
    plain.text("<");
    EXPECT_EQ(plain.finish(), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>&lt;</Error>");
}

TEST(XmlWriter, WritesWhatCanBeReadWhateverItIsGiven) {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
    XmlWriter writer("a");
    writer.text(all);
    const auto read = read_xml(writer.finish());
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->text.starts_with("\xef\xbf\xbd\x01\x02"));
    EXPECT_NE(read->text.find("\r"), std::string::npos);
    EXPECT_TRUE(read->text.ends_with("\xef\xbf\xbd"));
}

}  // namespace
}  // namespace cloudshelf::s3
