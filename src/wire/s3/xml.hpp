#pragma once

#include "base/result.hpp"

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// XML as far as S3's documents need it: elements, their text, a few attributes.
namespace cloudshelf::s3 {

inline constexpr std::size_t xml_bytes_max = std::size_t{1} << 20;
inline constexpr int xml_depth_max = 20;
/// 10,000 parts with number, ETag and two checksums fit.
inline constexpr std::size_t xml_elements_max = 60'000;

/// An element. Names are without their prefix; namespaces are not looked at, and their declarations left out.
struct XmlElement {
    std::string name;
    std::string text;  // its own: character data and CDATA, not that of its children
    std::vector<std::pair<std::string, std::string>> attributes;
    std::vector<XmlElement> children;

    /// The value of an attribute, or an empty text.
    std::string_view attribute(std::string_view wanted) const;
};

/// The root element of a document in UTF-8. Errors: MalformedXML for what is not well-formed, has a document type or
/// entities of its own, is longer than `bytes_max`, nested deeper than `xml_depth_max`, or has too many elements.
/// References to control characters (`&#x1;`) are taken, as in XML 1.1, since keys may have them.
Result<XmlElement> read_xml(std::string_view text, std::size_t bytes_max = xml_bytes_max);

/// Writes a document, element by element, in the order of the calls, without white space between them.
class XmlWriter {
public:
    enum class Namespace : bool { none, s3 };

    /// The head and the root's start. Names are taken as they are and have to outlive the writer.
    explicit XmlWriter(std::string_view root, Namespace root_namespace = Namespace::s3);

    /// `attributes`: ready to be written, `a="b"`; no text from outside.
    void open(std::string_view name, std::string_view attributes = {});
    void close();

    void element(std::string_view name, std::string_view text);
    void element(std::string_view name, const char* text) { element(name, std::string_view(text)); }
    /// A number in decimal; a bool as "true" or "false".
    void element(std::string_view name, std::integral auto value) {
        if constexpr (std::same_as<decltype(value), bool>) {
            element(name, std::string_view(value ? "true" : "false"));
        } else {
            element(name, std::to_string(value));
        }
    }
    /// Nothing where there is nothing.
    template <class Value>
    void element(std::string_view name, const std::optional<Value>& value) {
        if (value) element(name, *value);
    }
    /// Nothing where the text is empty.
    void element_if_some(std::string_view name, std::string_view text) {
        if (!text.empty()) element(name, text);
    }
    /// Text of the element that is open.
    void text(std::string_view text);

    /// Closes what is open; the document.
    std::string finish();

private:
    std::string document_;
    std::vector<std::string_view> open_;
};

/// Appends text with `& < > "` and control characters as references (a carriage return as `&#x0D;`, as S3 asks for).
/// What XML cannot carry, bytes that are no UTF-8 and NUL, becomes U+FFFD.
void append_xml_escaped(std::string& to, std::string_view text);

/// The length in bytes of the UTF-8 sequence that `text` begins with, or 0 where it begins with none.
std::size_t utf8_sequence(std::string_view text);

}  // namespace cloudshelf::s3
