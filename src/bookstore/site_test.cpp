// Goal: a site without dead links, whose names tell its contents, that no book's title can break out of. Method: the
// shipped catalogue, and books made to do harm.
#include "bookstore/site.hpp"

#include "base/digest.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>

namespace cloudshelf::bookstore {
namespace {

std::vector<Book> shipped() {
    return shipped_catalogue().value();
}

std::map<std::string, const SiteFile*> by_path(const Site& site) {
    std::map<std::string, const SiteFile*> files;
    for (const auto& file : site.files) files[file.path] = &file;
    return files;
}

std::vector<std::string> links(const std::string& page) {
    static const std::regex link(R"re((?:href|src|action)="([^"]*)")re");
    std::vector<std::string> all;
    for (auto found = std::sregex_iterator(page.begin(), page.end(), link); found != std::sregex_iterator(); ++found)
        all.push_back((*found)[1]);
    return all;
}

bool is_page(const SiteFile& file) {
    return file.content_type.starts_with("text/html");
}

TEST(Site, EveryLinkLeadsToAFileThatIsPublishedBefore) {
    const auto site = make_site(shipped(), {});
    const auto files = by_path(site);
    ASSERT_EQ(files.size(), site.files.size()) << "no path twice";
    std::set<std::string> linked;
    for (const auto& file : site.files) {
        if (!is_page(file)) continue;
        for (const auto& link : links(file.body)) {
            if (link == "#content") continue;
            ASSERT_TRUE(link.starts_with('/')) << file.path << " → " << link;
            EXPECT_TRUE(files.contains(link.substr(1))) << file.path << " → " << link;
            linked.insert(link.substr(1));
        }
    }
    for (const auto& file : site.files) {
        const std::set<std::string> unlinked{"404.html", "error.html", "robots.txt", "sitemap.xml"};
        EXPECT_TRUE(linked.contains(file.path) || unlinked.contains(file.path)) << "nobody finds " << file.path;
    }
}

TEST(Site, PublishesAssetsFirstAndTheFrontPageLast) {
    const auto site = make_site(shipped(), {});
    EXPECT_EQ(site.files.back().path, "index.html");
    bool pages_begun = false;
    for (const auto& file : site.files) {
        const bool is_asset = file.path.starts_with("assets/");
        EXPECT_FALSE(is_asset && pages_begun) << file.path;
        pages_begun = pages_begun || !is_asset;
    }
}

TEST(Site, NamesAssetsByTheirContentsAndKeepsThemForEver) {
    const auto site = make_site(shipped(), {});
    int assets = 0;
    for (const auto& file : site.files) {
        if (!file.path.starts_with("assets/")) {
            EXPECT_EQ(file.cache_control, "public, max-age=60, stale-if-error=86400") << file.path;
            continue;
        }
        ++assets;
        EXPECT_TRUE(file.path.contains("." + sha256_hex(file.body).substr(0, 12) + ".")) << file.path;
        EXPECT_EQ(file.cache_control, "public, max-age=31536000, immutable");
    }
    EXPECT_EQ(assets, 3);
}

TEST(Site, IsTheSameForTheSameBooksAndAnotherForOthers) {
    auto books = shipped();
    const auto first = make_site(books, {});
    const auto again = make_site(books, {});
    EXPECT_EQ(first.release, again.release);
    EXPECT_EQ(first.release.size(), 16U);
    books[0].price_cents += 1;
    const auto other = make_site(books, {});
    EXPECT_NE(first.release, other.release);
}

TEST(Site, ShowsEveryBookOnceInTheListOfAll) {
    const auto books = shipped();
    const auto site = make_site(books, {.books_per_page = 10});
    std::size_t cards = 0;
    std::size_t pages = 0;
    for (const auto& file : site.files) {
        if (!file.path.starts_with("books/")) continue;
        ++pages;
        for (auto at = file.body.find("<li class=\"book\">"); at != std::string::npos;
             at = file.body.find("<li class=\"book\">", at + 1))
            ++cards;
    }
    EXPECT_EQ(cards, books.size());
    EXPECT_EQ(pages, (books.size() + 9) / 10);
}

TEST(Site, StopsAfterSoManyPages) {
    const auto site = make_site(shipped(), {.books_per_page = 10, .pages_max = 3});
    const auto files = by_path(site);
    EXPECT_TRUE(files.contains("books/3.html"));
    EXPECT_FALSE(files.contains("books/4.html"));
    EXPECT_FALSE(files.at("books/3.html")->body.contains("rel=\"next\""));
}

TEST(Site, LetsNoTextOutOfItsPlace) {
    Book book{.source = "x/1", .title = "<script>alert('1')</script> & \"co\"", .authors = {"O'Brien <b>"}};
    book.categories = {"\"><img src=x>", "C++", "C#"};
    book.price_cents = 705;
    book.year = -750;
    const auto site = make_site({book}, {.api = "https://a.example/\"onload=\"x"});
    const auto files = by_path(site);
    for (const auto& file : site.files) {
        if (!is_page(file)) continue;
        EXPECT_FALSE(file.body.contains("<script>")) << file.path;
        EXPECT_FALSE(file.body.contains("<img src=x>")) << file.path;
        EXPECT_FALSE(file.body.contains("\"onload=\"")) << file.path;
    }
    const auto& list = files.at("books/1.html")->body;
    EXPECT_TRUE(list.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;co&quot;")) << list;
    EXPECT_TRUE(list.contains("$7.05"));
    EXPECT_TRUE(list.contains("750 BCE"));
    EXPECT_TRUE(files.contains("categories/c/1.html")) << "C++ and C# share a word";
    EXPECT_TRUE(files.contains("categories/c-2/1.html"));
}

TEST(Site, KeepsToAStrictPolicyAndIsReadableByEverybody) {
    const auto site = make_site(shipped(), {});
    for (const auto& file : site.files) {
        if (!is_page(file)) continue;
        EXPECT_TRUE(file.body.contains("<html lang=\"en\">")) << file.path;
        EXPECT_TRUE(file.body.contains("<title>")) << file.path;
        EXPECT_TRUE(file.body.contains("<h1>")) << file.path;
        EXPECT_FALSE(std::regex_search(file.body, std::regex(R"re( style="| on[a-z]+="|javascript:|<style)re")))
            << file.path;
        static const std::regex inline_script(R"re(<script(?![^>]* src=))re");
        EXPECT_FALSE(std::regex_search(file.body, inline_script)) << file.path;
        static const std::regex image_without_alt(R"re(<img(?![^>]* alt=))re");
        EXPECT_FALSE(std::regex_search(file.body, image_without_alt)) << file.path;
    }
}

TEST(Site, IsThereForAnEmptyCatalogue) {
    const auto site = make_site({}, {});
    const auto files = by_path(site);
    EXPECT_TRUE(files.contains("books/1.html")) << "it is linked from everywhere";
    EXPECT_TRUE(files.contains("index.html"));
}

TEST(Site, MakesSlugs) {
    EXPECT_EQ(slug("Science Fiction"), "science-fiction");
    EXPECT_EQ(slug("  A -- B! "), "a-b");
    EXPECT_EQ(slug("日本"), "other");
}

}  // namespace
}  // namespace cloudshelf::bookstore
