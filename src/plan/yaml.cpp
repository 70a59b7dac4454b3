#include "plan/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <libfyaml.h>
#include <memory>
#include <optional>
#include <set>
#include <utility>

namespace cloudshelf::plan {
namespace {

constexpr std::size_t size_max = 1024 * 1024;
constexpr int depth_max = 32;

/// How many bytes the UTF-8 character at the front has; 0 when there is none (RFC 3629: no surrogates, nothing
/// overlong).
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xc0) != 0x80) return 0;
    if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) || (first == 0xf0 && byte(1) < 0x90) ||
        (first == 0xf4 && byte(1) > 0x8f))
        return 0;
    return length;
}

/// What can be said about the text before its structure is known.
std::vector<Problem> check_bytes(std::string_view text, std::string_view file) {
    std::vector<Problem> problems;
    const auto report = [&](Mark mark, std::string found, std::string expected, std::string hint) {
        problems.push_back(
            {std::string(file), mark.line, mark.column, "", std::move(found), std::move(expected), std::move(hint)}
        );
    };
    if (text.size() > size_max) {
        report({}, fmt::format("{} bytes", text.size()), "at most 1 MiB", "");
        return problems;
    }
    Mark mark;
    bool indentation = true;
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t length = utf8_length(text.substr(i));
        const auto byte = static_cast<unsigned char>(text[i]);
        if (length == 0) {
            report(mark, fmt::format("byte 0x{:02x}", byte), "UTF-8 text", "save the file as UTF-8");
            return problems;
        }
        if (byte == '\t' && indentation) report(mark, "a tab", "spaces as indentation", "");
        if ((byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t') || byte == 0x7f) {
            report(mark, fmt::format("control character 0x{:02x}", byte), "text", "");
            return problems;
        }
        indentation = byte == '\n' || (indentation && byte == ' ');
        if (byte == '\n') {
            ++mark.line;
            mark.column = 1;
        } else {
            ++mark.column;
        }
        i += length;
    }
    return problems;
}

struct Free {
    void operator()(fy_parser* parser) const { fy_parser_destroy(parser); }
    void operator()(fy_diag* diag) const { fy_diag_destroy(diag); }
};

class Parser {
public:
    Parser(std::string_view text, std::string_view file) : file_(file) {
        fy_diag_cfg diag_config;
        fy_diag_cfg_default(&diag_config);
        diag_config.fp = nullptr;
        diag_.reset(fy_diag_create(&diag_config));
        fy_diag_set_collect_errors(diag_.get(), true);
        const fy_parse_cfg config{.search_path = "", .flags = FYPCF_QUIET, .userdata = nullptr, .diag = diag_.get()};
        parser_.reset(fy_parser_create(&config));
        if (parser_) fy_parser_set_string(parser_.get(), text.data(), text.size());
    }

    std::expected<Node, std::vector<Problem>> run() {
        std::optional<Node> document;
        while (parser_ && problems_.empty() && next()) {
            if (event_->type == FYET_STREAM_END) break;
            if (event_->type != FYET_DOCUMENT_START) continue;
            if (document) {
                report(mark(), "a second document", "one document", "remove everything from this '---' on");
                break;
            }
            if (!next()) break;
            document = node(1);
        }
        collect_errors();
        if (problems_.empty() && !document) report({}, "nothing", "a plan", "");
        if (!problems_.empty()) return std::unexpected(std::move(problems_));
        return std::move(*document);
    }

    ~Parser() { release(); }
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;

private:
    void release() {
        if (event_) fy_parser_event_free(parser_.get(), event_);
        event_ = nullptr;
    }

    bool next() {
        release();
        event_ = fy_parser_parse(parser_.get());
        return event_ != nullptr;
    }

    Mark mark() const {
        const fy_mark* at = fy_event_start_mark(event_);
        return at ? Mark{at->line + 1, at->column + 1} : Mark{};
    }

    void report(Mark at, std::string found, std::string expected, std::string hint) {
        problems_.push_back(
            {std::string(file_), at.line, at.column, "", std::move(found), std::move(expected), std::move(hint)}
        );
    }

    void collect_errors() {
        void* position = nullptr;
        while (const fy_diag_error* error = fy_diag_errors_iterate(diag_.get(), &position)) {
            if (error->type != FYET_ERROR || !problems_.empty()) continue;  // Later ones follow from the first.
            report({std::max(error->line, 1), std::max(error->column, 1)}, error->msg, "YAML", "");
        }
        if (problems_.empty() && parser_ && fy_parser_get_stream_error(parser_.get()))
            report({}, "a text that is not YAML", "YAML", "");
    }

    void refuse_decoration(const fy_token* anchor, const fy_token* tag) {
        if (anchor)
            report(
                mark(),
                "an anchor (&)",
                "plain values",
                "write the value out where it is used; anchors are not supported"
            );
        if (tag) report(mark(), "a tag (!)", "plain values", "remove the tag");
    }

    static std::string text_of(fy_token* token) {
        std::size_t length = 0;
        const char* text = token ? fy_token_get_text(token, &length) : nullptr;
        return text ? std::string(text, length) : std::string();
    }

    /// The node that begins with the current event, which is used up.
    std::optional<Node> node(int depth) {
        Node node;
        node.mark = mark();
        if (depth > depth_max) {
            report(node.mark, "more levels of nesting", fmt::format("at most {}", depth_max), "");
            return std::nullopt;
        }
        switch (event_->type) {
            case FYET_SCALAR:
                refuse_decoration(event_->scalar.anchor, event_->scalar.tag);
                node.text = text_of(event_->scalar.value);
                node.quoted = event_->scalar.value && fy_token_scalar_style(event_->scalar.value) != FYSS_PLAIN;
                return node;
            case FYET_ALIAS:
                report(node.mark, "an alias (*)", "plain values", "write the value out; aliases are not supported");
                return std::nullopt;
            case FYET_SEQUENCE_START:
                refuse_decoration(event_->sequence_start.anchor, event_->sequence_start.tag);
                return list(std::move(node), depth);
            case FYET_MAPPING_START:
                refuse_decoration(event_->mapping_start.anchor, event_->mapping_start.tag);
                return map(std::move(node), depth);
            default:
                return std::nullopt;
        }
    }

    std::optional<Node> list(Node list, int depth) {
        list.kind = Node::Kind::list;
        while (next()) {
            if (event_->type == FYET_SEQUENCE_END) return list;
            auto item = node(depth + 1);
            if (!item) return std::nullopt;
            list.values.push_back(std::move(*item));
        }
        return std::nullopt;
    }

    std::optional<Node> map(Node map, int depth) {
        map.kind = Node::Kind::map;
        std::set<std::string> known;
        while (next()) {
            if (event_->type == FYET_MAPPING_END) return map;
            auto key = node(depth + 1);
            if (!key) return std::nullopt;
            if (key->kind != Node::Kind::scalar) {
                report(key->mark, "a list or map as key", "a name", "");
                return std::nullopt;
            }
            if (!known.insert(key->text).second)
                report(key->mark, fmt::format("'{}' a second time", key->text), "each key once", "");
            if (!next()) return std::nullopt;
            auto value = node(depth + 1);
            if (!value) return std::nullopt;
            map.keys.push_back(std::move(*key));
            map.values.push_back(std::move(*value));
        }
        return std::nullopt;
    }

    std::string_view file_;
    std::unique_ptr<fy_diag, Free> diag_;
    std::unique_ptr<fy_parser, Free> parser_;
    fy_event* event_ = nullptr;
    std::vector<Problem> problems_;
};

}  // namespace

bool Node::is_blank() const {
    return kind == Kind::scalar && !quoted && (text.empty() || text == "~" || text == "null");
}

std::expected<Node, std::vector<Problem>> parse_yaml(std::string_view text, std::string_view file) {
    auto problems = check_bytes(text, file);
    if (!problems.empty()) return std::unexpected(std::move(problems));
    return Parser(text, file).run();
}

}  // namespace cloudshelf::plan
