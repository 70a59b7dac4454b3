#include "wire/s3/xml.hpp"

#include "base/assert.hpp"
#include "wire/s3/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <pugixml.hpp>
#include <system_error>

namespace cloudshelf::s3 {
namespace {

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool same_letters(std::string_view left, std::string_view right) {
    return std::ranges::equal(left, right, [](char a, char b) { return (a | 0x20) == (b | 0x20); });
}

/// UTF-8 throughout, and no control characters but white space.
bool all_characters(std::string_view text) {
    while (!text.empty()) {
        const auto length = utf8_sequence(text);
        if (length == 0) return false;
        if (static_cast<unsigned char>(text[0]) < 0x20 && !is_space(text[0])) return false;
        text.remove_prefix(length);
    }
    return true;
}

/// Looks at a document's markup before pugixml does, for what pugixml is lenient about or takes without a limit:
/// document types, references it doesn't know, text beside the root, a second root, depth, number of elements.
class Scan {
public:
    explicit Scan(std::string_view text) : text_(text) {
        if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
    }

    bool good() {
        while (at_ < text_.size()) {
            if (!(text_[at_] == '<' ? markup() : character_data())) return false;
        }
        return depth_ == 0 && seen_root_;
    }

private:
    std::string_view rest() const { return text_.substr(at_); }

    bool markup() {
        if (rest().starts_with("<!--")) return skip(4, "-->");
        if (rest().starts_with("<![CDATA[")) return depth_ > 0 && skip(9, "]]>");
        if (rest().starts_with("<?")) return instruction();
        if (rest().starts_with("<!")) return false;
        return tag();
    }

    bool skip(std::size_t opening, std::string_view closing) {
        const auto end = text_.find(closing, at_ + opening);
        if (end == std::string_view::npos) return false;
        at_ = end + closing.size();
        return true;
    }

    bool instruction() {
        const auto begin = at_;
        if (!skip(2, "?>")) return false;
        const auto instruction = text_.substr(begin, at_ - begin);
        if (!instruction.starts_with("<?xml") || !(is_space(instruction[5]) || instruction[5] == '?')) return true;
        return begin == 0 && in_utf8(instruction);
    }

    static bool in_utf8(std::string_view declaration) {
        const auto name = declaration.find("encoding");
        if (name == std::string_view::npos) return true;
        const auto begin = declaration.find_first_of("\"'", name);
        if (begin == std::string_view::npos) return false;
        const auto end = declaration.find(declaration[begin], begin + 1);
        if (end == std::string_view::npos) return false;
        const auto encoding = declaration.substr(begin + 1, end - begin - 1);
        return same_letters(encoding, "utf-8") || same_letters(encoding, "us-ascii");
    }

    bool tag() {
        const bool closes = rest().starts_with("</");
        if (!closes && depth_ == 0 && std::exchange(seen_root_, true)) return false;
        char quote = 0;
        for (at_ += closes ? 2 : 1; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '<') return false;
            if (c == '&' && (quote == 0 || !reference())) return false;
            if (quote != 0) {
                if (c == quote) quote = 0;
            } else if (c == '"' || c == '\'') {
                quote = c;
            } else if (c == '>') {
                break;
            }
        }
        if (at_ == text_.size()) return false;
        const bool stands_alone = text_[at_ - 1] == '/';
        ++at_;
        if (closes) return depth_-- > 0;
        if (depth_ == xml_depth_max || ++elements_ > xml_elements_max) return false;
        if (!stands_alone) ++depth_;
        return true;
    }

    bool character_data() {
        for (; at_ < text_.size() && text_[at_] != '<'; ++at_) {
            if (depth_ == 0 && !is_space(text_[at_])) return false;
            if (text_[at_] == '&' && !reference()) return false;
            if (text_[at_] == ']' && rest().starts_with("]]>")) return false;
        }
        return true;
    }

    /// At a `&`; ends at the `;`.
    bool reference() {
        const auto end = text_.find(';', at_);
        if (end == std::string_view::npos || end - at_ > 12) return false;
        const auto name = text_.substr(at_ + 1, end - at_ - 1);
        at_ = end;
        if (!name.starts_with('#')) {
            constexpr auto known = std::to_array<std::string_view>({"lt", "gt", "amp", "quot", "apos"});
            return std::ranges::find(known, name) != known.end();
        }
        const bool hexadecimal = name.starts_with("#x");
        const auto digits = name.substr(hexadecimal ? 2 : 1);
        std::uint32_t point = 0;
        const auto [stop, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), point, hexadecimal ? 16 : 10);
        if (error != std::errc{} || stop != digits.data() + digits.size()) return false;
        return point != 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_ = 0;
    bool seen_root_ = false;
    std::size_t elements_ = 0;
};

std::string_view local(std::string_view name) {
    const auto colon = name.rfind(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

XmlElement copy(const pugi::xml_node& node) {
    XmlElement element{.name = std::string(local(node.name()))};
    for (const auto& attribute : node.attributes()) {
        const std::string_view name = attribute.name();
        if (name == "xmlns" || name.starts_with("xmlns:")) continue;
        element.attributes.emplace_back(local(name), attribute.value());
    }
    for (const auto& child : node.children()) {
        if (child.type() == pugi::node_element) {
            element.children.push_back(copy(child));
        } else {
            element.text += child.value();
        }
    }
    return element;
}

}  // namespace

std::string_view XmlElement::attribute(std::string_view wanted) const {
    const auto found = std::ranges::find(attributes, wanted, &std::pair<std::string, std::string>::first);
    return found == attributes.end() ? std::string_view{} : std::string_view(found->second);
}

Result<XmlElement> read_xml(std::string_view text, std::size_t bytes_max) {
    if (text.size() > bytes_max || !all_characters(text) || !Scan(text).good()) return fail(errors::malformed_xml());
    pugi::xml_document document;
    // White space alone is kept where it is all an element has: it may be a prefix or a tag's value.
    const auto parsed = document.load_buffer(
        text.data(),
        text.size(),
        pugi::parse_cdata | pugi::parse_escapes | pugi::parse_wconv_attribute | pugi::parse_eol |
            pugi::parse_ws_pcdata_single,
        pugi::encoding_utf8
    );
    if (!parsed || !document.document_element()) return fail(errors::malformed_xml());
    return copy(document.document_element());
}

XmlWriter::XmlWriter(std::string_view root, Namespace root_namespace)
    : document_("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") {
    open(root, root_namespace == Namespace::s3 ? "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"" : "");
}

void XmlWriter::open(std::string_view name, std::string_view attributes) {
    document_.append("<").append(name);
    if (!attributes.empty()) document_.append(" ").append(attributes);
    document_ += '>';
    open_.push_back(name);
}

void XmlWriter::close() {
    CLOUDSHELF_ASSERT(!open_.empty());
    document_.append("</").append(open_.back()).append(">");
    open_.pop_back();
}

void XmlWriter::element(std::string_view name, std::string_view text) {
    open(name);
    append_xml_escaped(document_, text);
    close();
}

void XmlWriter::text(std::string_view text) {
    append_xml_escaped(document_, text);
}

std::string XmlWriter::finish() {
    while (!open_.empty()) close();
    return std::move(document_);
}

void append_xml_escaped(std::string& to, std::string_view text) {
    constexpr std::string_view replacement = "\xef\xbf\xbd";
    while (!text.empty()) {
        const auto c = static_cast<unsigned char>(text[0]);
        const auto length = utf8_sequence(text);
        if (length == 0 || c == 0) {
            to += replacement;
        } else if (c == '&') {
            to += "&amp;";
        } else if (c == '<') {
            to += "&lt;";
        } else if (c == '>') {
            to += "&gt;";
        } else if (c == '"') {
            to += "&quot;";
        } else if (c < 0x20) {
            fmt::format_to(std::back_inserter(to), "&#x{:02X};", c);
        } else {
            to.append(text.substr(0, length));
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
}

std::size_t utf8_sequence(std::string_view text) {
    if (text.empty()) return 0;
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto first = at(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((at(i) & 0xc0) != 0x80) return 0;
    }
    // Longer than needed, surrogates, beyond U+10FFFF (RFC 3629 §4).
    if (first == 0xe0 && at(1) < 0xa0) return 0;
    if (first == 0xed && at(1) > 0x9f) return 0;
    if (first == 0xf0 && at(1) < 0x90) return 0;
    if (first == 0xf4 && at(1) > 0x8f) return 0;
    return length;
}

}  // namespace cloudshelf::s3
