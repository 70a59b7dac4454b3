#include "wire/s3/website.hpp"

#include "wire/s3/support_test.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cloudshelf::s3 {
namespace {

std::string document(const std::string& inside) {
    return "<WebsiteConfiguration>" + inside + "</WebsiteConfiguration>";
}

const std::string index_document = "<IndexDocument><Suffix>index.html</Suffix></IndexDocument>";

Result<WebsiteConfiguration> read(const std::string& inside) {
    return parse_website_configuration(document(inside));
}

std::string rules(const std::string& inside) {
    return index_document + "<RoutingRules><RoutingRule>" + inside + "</RoutingRule></RoutingRules>";
}

TEST(Website, BothWays) {
    EXPECT_EQ(
        twice(
            parse_website_configuration,
            document(
                index_document +
                "<ErrorDocument><Key>error.html</Key></ErrorDocument><RoutingRules><RoutingRule><Condition>"
                "<KeyPrefixEquals>docs/</KeyPrefixEquals><HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals>"
                "</Condition><Redirect><Protocol>https</Protocol><HostName>h</HostName><ReplaceKeyPrefixWith></"
                "ReplaceKeyPrefixWith>"
                "<HttpRedirectCode>302</HttpRedirectCode></Redirect></RoutingRule></RoutingRules>"
            )
        ),
        (WebsiteConfiguration{
            .index_suffix = "index.html",
            .error_key = "error.html",
            .rules =
                {{.key_prefix = "docs/",
                  .error_status = 404,
                  .redirect = {.host_name = "h", .protocol = "https", .status = 302, .replace_key_prefix_with = ""}}},
        })
    );
    const auto all = twice(
        parse_website_configuration, document("<RedirectAllRequestsTo><HostName>h</HostName></RedirectAllRequestsTo>")
    );
    EXPECT_EQ(all.redirect_all->host_name, "h");
}

TEST(Website, RefusesControlCharacters) {
    for (const std::string control : {"&#13;&#10;", "&#0;", "&#1;", "&#127;"}) {
        const auto element = [&control](const std::string& name) {
            return "<" + name + ">a" + control + "b</" + name + ">";
        };
        for (const std::string& inside : {
                 "<RedirectAllRequestsTo>" + element("HostName") + "</RedirectAllRequestsTo>",
                 "<IndexDocument>" + element("Suffix") + "</IndexDocument>",
                 index_document + "<ErrorDocument>" + element("Key") + "</ErrorDocument>",
                 rules("<Redirect>" + element("HostName") + "</Redirect>"),
                 rules("<Redirect>" + element("ReplaceKeyWith") + "</Redirect>"),
                 rules("<Redirect>" + element("ReplaceKeyPrefixWith") + "</Redirect>"),
             })
            EXPECT_EQ(code_of(read(inside)), "MalformedXML") << inside;
    }
}

TEST(Website, Refused) {
    EXPECT_EQ(code_of(read("")), "InvalidArgument");
    EXPECT_EQ(code_of(read("<IndexDocument><Suffix>a/b</Suffix></IndexDocument>")), "InvalidArgument");
    EXPECT_EQ(code_of(read("<IndexDocument><Suffix></Suffix></IndexDocument>")), "InvalidArgument");
    EXPECT_EQ(
        code_of(read("<RedirectAllRequestsTo><HostName>h</HostName></RedirectAllRequestsTo>" + index_document)),
        "MalformedXML"
    );
    EXPECT_EQ(
        code_of(read("<RedirectAllRequestsTo><HostName>h</HostName><Protocol>ftp</Protocol></RedirectAllRequestsTo>")),
        "InvalidRequest"
    );
    EXPECT_EQ(code_of(read(rules("<Redirect/>"))), "MalformedXML");
    EXPECT_EQ(code_of(read(rules("<Condition/><Redirect><HostName>h</HostName></Redirect>"))), "MalformedXML");
    EXPECT_EQ(code_of(read(rules("<Redirect><HttpRedirectCode>200</HttpRedirectCode></Redirect>"))), "InvalidRequest");
    EXPECT_EQ(
        code_of(read(rules(
            "<Redirect><ReplaceKeyWith>a</ReplaceKeyWith><ReplaceKeyPrefixWith>b</ReplaceKeyPrefixWith></Redirect>"
        ))),
        "InvalidRequest"
    );
    EXPECT_EQ(
        code_of(read(rules("<Condition><HttpErrorCodeReturnedEquals>200</HttpErrorCodeReturnedEquals></Condition>"
                           "<Redirect><HostName>h</HostName></Redirect>"))),
        "InvalidRequest"
    );
}

TEST(Website, KeysOfPaths) {
    const WebsiteConfiguration configuration{.index_suffix = "index.html"};
    EXPECT_EQ(website_key(configuration, "/"), "index.html");
    EXPECT_EQ(website_key(configuration, ""), "index.html");
    EXPECT_EQ(website_key(configuration, "/a/"), "a/index.html");
    EXPECT_EQ(website_key(configuration, "/a"), "a");
    EXPECT_EQ(website_key(configuration, "//a"), "/a");
}

TEST(Website, Redirects) {
    const WebsiteConfiguration configuration{
        .index_suffix = "index.html",
        .rules =
            {{.key_prefix = "docs/", .redirect = {.replace_key_prefix_with = "documents/"}},
             {.key_prefix = "old", .redirect = {.protocol = "https", .status = 302, .replace_key_with = "new.html"}},
             {.error_status = 404, .redirect = {.host_name = "other.com", .replace_key_prefix_with = "report-404/"}}},
    };
    const auto go = [&](std::string path, std::optional<int> status) {
        return redirect_for(configuration, {.host = "shop.com", .path = std::move(path)}, status);
    };
    EXPECT_EQ(go("/docs/a", {}), (RedirectTarget{.protocol = "http", .host = "shop.com", .key = "documents/a"}));
    EXPECT_EQ(
        go("/older", {}), (RedirectTarget{.protocol = "https", .host = "shop.com", .key = "new.html", .status = 302})
    );
    EXPECT_EQ(go("/x", {}), std::nullopt);
    EXPECT_EQ(go("/x", 404), (RedirectTarget{.protocol = "http", .host = "other.com", .key = "report-404/x"}));
    EXPECT_EQ(go("/x", 403), std::nullopt);
    const WebsiteConfiguration all{.redirect_all = WebsiteRedirect{.host_name = "h", .protocol = "https"}};
    EXPECT_EQ(
        redirect_for(all, {.host = "shop.com", .path = "/a/b"}, {}),
        (RedirectTarget{.protocol = "https", .host = "h", .key = "a/b"})
    );
}

}  // namespace
}  // namespace cloudshelf::s3
