#include "bookstore/site.hpp"

#include "base/digest.hpp"
#include "bookstore/embedded.hpp"
#include "bookstore/site_pages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

namespace cloudshelf::bookstore {
namespace {

constexpr std::size_t digest_digits = 12;
constexpr std::size_t release_digits = 16;
constexpr std::string_view for_ever = "public, max-age=31536000, immutable";
constexpr std::string_view for_a_minute = "public, max-age=60, stale-if-error=86400";
constexpr std::string_view html_type = "text/html; charset=utf-8";

SiteFile asset(std::string_view name, std::string_view extension, std::string_view type, std::string_view body) {
    const auto digest = sha256_hex(body).substr(0, digest_digits);
    return {
        .path = fmt::format("assets/{}.{}.{}", name, digest, extension),
        .content_type = std::string(type),
        .cache_control = std::string(for_ever),
        .body = std::string(body),
    };
}

SiteFile document(std::string path, std::string body, std::string_view type = html_type) {
    return {
        .path = std::move(path),
        .content_type = std::string(type),
        .cache_control = std::string(for_a_minute),
        .body = std::move(body),
    };
}

/// By name; those whose names differ only in what an address cannot have get numbers.
std::vector<pages::Category> categories_of(const std::vector<const Book*>& books) {
    std::map<std::string, std::vector<const Book*>> by_name;
    for (const auto* book : books) {
        for (const auto& name : std::set(book->categories.begin(), book->categories.end()))
            by_name[name].push_back(book);
    }
    std::set<std::string> taken;
    std::vector<pages::Category> categories;
    for (auto& [name, its_books] : by_name) {
        const auto base = slug(name);
        auto unique = base;
        for (int i = 2; !taken.insert(unique).second; ++i) unique = fmt::format("{}-{}", base, i);
        categories.push_back({.name = name, .folder = "categories/" + unique, .books = std::move(its_books)});
    }
    return categories;
}

void add_list(
    std::vector<SiteFile>& files,
    const std::string& title,
    const std::string& folder,
    const std::vector<const Book*>& books,
    const SiteOptions& options,
    const pages::Assets& assets
) {
    const auto size = std::max<std::size_t>(options.books_per_page, 1);
    const auto all = std::max<std::size_t>((books.size() + size - 1) / size, 1);
    const auto count = std::min(all, std::max<std::size_t>(options.pages_max, 1));
    for (std::size_t number = 1; number <= count; ++number) {
        pages::Part part{
            .title = title, .folder = folder, .number = number, .count = count, .total = books.size(), .books = {}
        };
        const auto from = (number - 1) * size;
        const auto to = std::min(books.size(), from + size);
        for (auto i = from; i < to; ++i) part.books.push_back(books[i]);
        files.push_back(document(fmt::format("{}/{}.html", folder, number), pages::part_of_list(part, assets)));
    }
}

/// sitemaps.org, protocol 0.9.
std::string sitemap(const std::vector<SiteFile>& files, const std::string& url) {
    std::string text =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";
    const auto add = [&](std::string_view path) {
        text += fmt::format("<url><loc>{}/{}</loc></url>\n", html(url), path);
    };
    add("index.html");
    for (const auto& file : files) {
        if (file.path.starts_with("books/") || file.path.starts_with("categor")) add(file.path);
    }
    return text + "</urlset>\n";
}

}  // namespace

std::string html(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size());
    for (const char c : text) {
        switch (c) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            case '\'':
                escaped += "&#39;";
                break;
            default:
                escaped += c;
        }
    }
    return escaped;
}

std::string slug(std::string_view name) {
    std::string text;
    for (char c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (kept) {
            text += c;
        } else if (!text.empty() && text.back() != '-') {
            text += '-';
        }
    }
    while (!text.empty() && text.back() == '-') text.pop_back();
    return text.empty() ? "other" : text;
}

std::string release_of(const std::vector<SiteFile>& files) {
    std::string all;
    for (const auto& file : files) {
        for (const auto* part : {&file.path, &file.content_type, &file.cache_control, &file.body})
            all += sha256_hex(*part);
    }
    return sha256_hex(all).substr(0, release_digits);
}

Site make_site(const std::vector<Book>& books, const SiteOptions& options) {
    Site site;
    auto& files = site.files;
    files.push_back(asset("logo", "svg", "image/svg+xml", embedded::site_logo));
    files.push_back(asset("site", "css", "text/css; charset=utf-8", embedded::site_css));
    files.push_back(asset("site", "js", "text/javascript; charset=utf-8", embedded::site_js));
    const pages::Assets assets{.css = files[1].path, .js = files[2].path, .logo = files[0].path};

    std::vector<const Book*> all;
    std::ranges::transform(books, std::back_inserter(all), [](const Book& book) { return &book; });
    const auto categories = categories_of(all);
    files.push_back(document("404.html", pages::not_found(assets)));
    files.push_back(document("error.html", pages::error(assets)));
    files.push_back(document("search.html", pages::search(options, assets)));
    add_list(files, "All books", "books", all, options, assets);
    for (const auto& category : categories)
        add_list(files, category.name, category.folder, category.books, options, assets);
    files.push_back(document("categories.html", pages::categories(categories, assets)));
    files.push_back(document("sitemap.xml", sitemap(files, options.url), "application/xml"));
    const auto robots = fmt::format("User-agent: *\nAllow: /\nSitemap: {}/sitemap.xml\n", options.url);
    files.push_back(document("robots.txt", robots, "text/plain; charset=utf-8"));
    all.resize(std::min(all.size(), options.books_per_page / 2));
    files.push_back(document("index.html", pages::front(all, categories, assets)));
    site.release = release_of(files);
    return site;
}

}  // namespace cloudshelf::bookstore
