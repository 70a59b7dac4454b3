#pragma once

#include "base/result.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/xml.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// How documents are read: each child of an element is asked for by name; what nobody asked for breaks the schema, as
/// does what is there twice or missing.
namespace cloudshelf::s3 {

/// Whether texts may have control characters, as keys do. Not where they become headers of answers.
enum class Controls : bool { refused, allowed };

/// What is wrong with a document: the first complaint is the answer.
struct Complaint {
    Error malformed = errors::malformed_xml();
    Controls controls = Controls::allowed;
    std::optional<Error> first = {};
};

/// The children of an element. Reading goes on after a complaint, with empty values.
class Fields {
public:
    Fields(const XmlElement& element, Complaint& complaint);

    void complain(Error error);
    void malformed() { complain(complaint_.malformed); }
    bool good() const { return !complaint_.first; }

    const XmlElement& element() const { return element_; }
    bool has(std::string_view name) const;

    /// The text of a child that may be there once and has no children.
    std::optional<std::string> text(std::string_view name);
    std::string need_text(std::string_view name);
    std::optional<bool> flag(std::string_view name);
    /// Decimal, of 64 bits.
    std::optional<std::int64_t> number(std::string_view name);
    std::int64_t need_number(std::string_view name);
    std::vector<std::string> texts(std::string_view name);
    /// ISO 8601, in ms since 1970.
    std::optional<std::int64_t> time(std::string_view name);

    /// One of the values, spelled as `to_string` spells it.
    template <class Word>
    std::optional<Word> word(std::string_view name, std::initializer_list<Word> all) {
        const auto found = text(name);
        if (!found) return std::nullopt;
        for (const Word each : all) {
            if (to_string(each) == *found) return each;
        }
        malformed();
        return std::nullopt;
    }
    template <class Word>
    Word need_word(std::string_view name, std::initializer_list<Word> all) {
        const auto found = word(name, all);
        if (!found) malformed();
        return found.value_or(*all.begin());
    }
    /// "Enabled" or "Disabled".
    std::optional<bool> enabled(std::string_view name);
    bool need_enabled(std::string_view name);

    /// Reads a child that may be there once: `read(Fields&)`. Whether it is there.
    template <class Read>
    bool inside(std::string_view name, Read read) {
        const auto* child = find(name);
        if (!child) return false;
        visit(*child, read);
        return true;
    }
    template <class Read>
    void need_inside(std::string_view name, Read read) {
        if (!inside(name, read)) malformed();
    }
    /// Reads all children of a name, in their order.
    template <class Read>
    void each(std::string_view name, Read read) {
        for (const auto* child : all(name)) visit(*child, read);
    }

    /// Whatever was not asked for is a complaint.
    void end();

private:
    const XmlElement* find(std::string_view name);
    /// The text of a child that has no children.
    std::string text_of(const XmlElement& child);
    /// Of a child that is there for a word or a number, without the blanks around it.
    std::optional<std::string_view> value(std::string_view name);
    std::vector<const XmlElement*> all(std::string_view name);
    template <class Read>
    void visit(const XmlElement& child, Read& read) {
        Fields fields(child, complaint_);
        read(fields);
        fields.end();
    }

    const XmlElement& element_;
    Complaint& complaint_;
    std::vector<bool> asked_;  // for, by child
};

/// `read(Fields&, Document&)` makes a document of what is under `root`.
template <class Document, class Read>
Result<Document> read_document(
    std::string_view body,
    std::string_view root,
    Read read,
    Complaint complaint = {},
    std::size_t bytes_max = xml_bytes_max
) {
    const auto element = read_xml(body, bytes_max);
    if (!element || element->name != root) return fail(complaint.malformed);
    Document document;
    Fields fields(*element, complaint);
    read(fields, document);
    fields.end();
    if (complaint.first) return fail(std::move(*complaint.first));
    return document;
}

/// The number of Unicode characters, which is what S3's limits of texts count.
std::size_t characters(std::string_view text);

}  // namespace cloudshelf::s3
