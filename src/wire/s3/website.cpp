#include "wire/s3/website.hpp"

#include "wire/s3/fields.hpp"
#include "wire/s3/xml.hpp"

namespace cloudshelf::s3 {
namespace {

constexpr std::size_t routing_rules_max = 50;

std::string read_protocol(Fields& fields) {
    auto protocol = fields.text("Protocol").value_or("");
    if (!protocol.empty() && protocol != "http" && protocol != "https") {
        fields.complain(
            errors::invalid_request("Invalid protocol, protocol can be http or https. If not defined the protocol will "
                                    "be selected automatically.")
        );
    }
    return protocol;
}

WebsiteRedirect read_redirect(Fields& fields) {
    WebsiteRedirect redirect{.host_name = fields.text("HostName").value_or(""), .protocol = read_protocol(fields)};
    if (const auto status = fields.number("HttpRedirectCode")) {
        if (*status < 301 || *status > 308 || *status == 304 || *status == 306) {
            fields.complain(
                errors::invalid_request("The provided HTTP redirect code is not valid. Valid codes are 3XX except 300.")
            );
        } else {
            redirect.status = static_cast<int>(*status);
        }
    }
    redirect.replace_key_prefix_with = fields.text("ReplaceKeyPrefixWith");
    redirect.replace_key_with = fields.text("ReplaceKeyWith");
    if (redirect.replace_key_prefix_with && redirect.replace_key_with) {
        fields.complain(errors::invalid_request("You can only define ReplaceKeyPrefix or ReplaceKey but not both."));
    }
    if (redirect == WebsiteRedirect{}) fields.malformed();
    return redirect;
}

RoutingRule read_rule(Fields& fields) {
    RoutingRule rule;
    fields.inside("Condition", [&](Fields& condition) {
        rule.key_prefix = condition.text("KeyPrefixEquals");
        if (const auto status = condition.number("HttpErrorCodeReturnedEquals")) {
            if (*status < 400 || *status > 599) {
                condition.complain(
                    errors::invalid_request("The provided HTTP error code is not valid. Valid codes are 4XX or 5XX.")
                );
            } else {
                rule.error_status = static_cast<int>(*status);
            }
        }
        if (!rule.key_prefix && !rule.error_status) condition.malformed();
    });
    fields.need_inside("Redirect", [&](Fields& redirect) { rule.redirect = read_redirect(redirect); });
    return rule;
}

void write_redirect(XmlWriter& writer, std::string_view name, const WebsiteRedirect& redirect) {
    writer.open(name);
    writer.element_if_some("Protocol", redirect.protocol);
    writer.element_if_some("HostName", redirect.host_name);
    writer.element("ReplaceKeyPrefixWith", redirect.replace_key_prefix_with);
    writer.element("ReplaceKeyWith", redirect.replace_key_with);
    writer.element("HttpRedirectCode", redirect.status);
    writer.close();
}

void write_rule(XmlWriter& writer, const RoutingRule& rule) {
    writer.open("RoutingRule");
    if (rule.key_prefix || rule.error_status) {
        writer.open("Condition");
        writer.element("KeyPrefixEquals", rule.key_prefix);
        writer.element("HttpErrorCodeReturnedEquals", rule.error_status);
        writer.close();
    }
    write_redirect(writer, "Redirect", rule.redirect);
    writer.close();
}

std::string_view without_slash(std::string_view path) {
    return path.starts_with('/') ? path.substr(1) : path;
}

}  // namespace

Result<WebsiteConfiguration> parse_website_configuration(std::string_view body) {
    const auto read = [](Fields& root, WebsiteConfiguration& configuration) {
        root.inside("RedirectAllRequestsTo", [&](Fields& fields) {
            configuration.redirect_all =
                WebsiteRedirect{.host_name = fields.need_text("HostName"), .protocol = read_protocol(fields)};
            if (configuration.redirect_all->host_name.empty()) fields.malformed();
        });
        if (configuration.redirect_all) return;  // what stands beside it was not asked for and is complained of
        if (!root.has("IndexDocument")) {
            root.complain(errors::invalid_argument(
                "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty"
            ));
        }
        root.inside("IndexDocument", [&](Fields& fields) { configuration.index_suffix = fields.need_text("Suffix"); });
        if (configuration.index_suffix.empty() || configuration.index_suffix.contains('/'))
            root.complain(errors::invalid_argument("The IndexDocument Suffix is not well formed"));
        root.inside("ErrorDocument", [&](Fields& fields) {
            configuration.error_key = fields.need_text("Key");
            if (configuration.error_key.empty())
                fields.complain(errors::invalid_argument("The ErrorDocument Key is not well formed"));
        });
        root.inside("RoutingRules", [&](Fields& fields) {
            fields.each("RoutingRule", [&](Fields& rule) { configuration.rules.push_back(read_rule(rule)); });
            if (configuration.rules.empty()) fields.malformed();
            if (configuration.rules.size() > routing_rules_max) {
                fields.complain(
                    errors::invalid_request("The number of routing rules must not exceed the allowed limit of 50")
                );
            }
        });
    };
    return read_document<WebsiteConfiguration>(body, "WebsiteConfiguration", read, {.controls = Controls::refused});
}

std::string print(const WebsiteConfiguration& configuration) {
    XmlWriter writer("WebsiteConfiguration");
    if (configuration.redirect_all) {
        write_redirect(writer, "RedirectAllRequestsTo", *configuration.redirect_all);
        return writer.finish();
    }
    writer.open("IndexDocument");
    writer.element("Suffix", configuration.index_suffix);
    writer.close();
    if (!configuration.error_key.empty()) {
        writer.open("ErrorDocument");
        writer.element("Key", configuration.error_key);
        writer.close();
    }
    if (!configuration.rules.empty()) {
        writer.open("RoutingRules");
        for (const auto& rule : configuration.rules) write_rule(writer, rule);
        writer.close();
    }
    return writer.finish();
}

std::string website_key(const WebsiteConfiguration& configuration, std::string_view path) {
    std::string key(without_slash(path));
    if (key.empty() || key.ends_with('/')) key += configuration.index_suffix;
    return key;
}

std::optional<RedirectTarget> redirect_for(
    const WebsiteConfiguration& configuration, const WebsiteRequest& request, std::optional<int> error_status
) {
    const std::string_view key = without_slash(request.path);
    const auto target = [&](const WebsiteRedirect& redirect) {
        return RedirectTarget{
            .protocol = redirect.protocol.empty() ? request.protocol : redirect.protocol,
            .host = redirect.host_name.empty() ? request.host : redirect.host_name,
            .key = std::string(key),
            .status = redirect.status.value_or(301),
        };
    };
    if (configuration.redirect_all) return target(*configuration.redirect_all);
    for (const auto& rule : configuration.rules) {
        if (rule.error_status != error_status) continue;
        const auto prefix = rule.key_prefix ? std::string_view(*rule.key_prefix) : std::string_view{};
        if (!key.starts_with(prefix)) continue;
        auto to = target(rule.redirect);
        if (rule.redirect.replace_key_with) {
            to.key = *rule.redirect.replace_key_with;
        } else if (rule.redirect.replace_key_prefix_with) {
            to.key = *rule.redirect.replace_key_prefix_with + std::string(key.substr(prefix.size()));
        }
        return to;
    }
    return std::nullopt;
}

}  // namespace cloudshelf::s3
