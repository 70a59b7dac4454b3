#include "bookstore/site_pages.hpp"

#include <fmt/format.h>

#include <cstdint>

namespace cloudshelf::bookstore::pages {
namespace {

/// What every page has around its content. `content` is HTML, `title` is text.
std::string page(std::string_view title, std::string_view content, const Assets& assets) {
    return fmt::format(
        R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · CloudShelf</title>
<meta name="description" content="CloudShelf, the bookstore that is always open.">
<link rel="icon" type="image/svg+xml" href="/{logo}">
<link rel="stylesheet" href="/{css}">
<script src="/{js}" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="top"><div>
<a class="home" href="/index.html"><img src="/{logo}" alt="" width="36" height="36">CloudShelf</a>
<nav aria-label="Main"><a href="/books/1.html">All books</a><a href="/categories.html">Categories</a></nav>
<form class="search" role="search" action="/search.html" method="get">
<input type="search" name="q" aria-label="Search for books" placeholder="Title or author" maxlength="100" required>
<button type="submit">Search</button>
</form>
</div></header>
<main id="content">
{content}</main>
<footer class="end"><div><p>CloudShelf, the bookstore that is always open: two regions, one shelf.</p></div></footer>
</body>
</html>
)html",
        fmt::arg("title", html(title)),
        fmt::arg("logo", assets.logo),
        fmt::arg("css", assets.css),
        fmt::arg("js", assets.js),
        fmt::arg("content", content)
    );
}

/// The first character of a title, whole: it stands for a picture of the cover.
std::string_view initial(std::string_view title) {
    std::size_t size = 1;
    while (size < title.size() && (static_cast<unsigned char>(title[size]) & 0xc0) == 0x80) ++size;
    return title.substr(0, size);
}

/// A colour for a cover: the same book has always the same (FNV-1a over its source).
unsigned colour(std::string_view source) {
    std::uint32_t hash = 2166136261U;
    for (const char c : source) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    return (hash >> 8) % 8;
}

std::string year_of(int year) {
    return year < 0 ? fmt::format("{} BCE", -year) : fmt::format("{}", year);
}

std::string card(const Book& book) {
    std::string authors;
    for (const auto& author : book.authors) authors += (authors.empty() ? "" : ", ") + author;
    return fmt::format(
        "<li class=\"book\"><div class=\"cover cover-{}\" aria-hidden=\"true\">{}</div><div><h3>{}</h3>"
        "<p class=\"facts\">{}</p>{}<p class=\"price\">${}.{:02}</p></div></li>\n",
        colour(book.source.empty() ? book.title : book.source),
        html(initial(book.title)),
        html(book.title),
        html(authors),
        book.year ? fmt::format("<p class=\"facts\">{}</p>", year_of(*book.year)) : "",
        book.price_cents / 100,
        book.price_cents % 100
    );
}

std::string cards(const std::vector<const Book*>& books) {
    std::string text = "<ul class=\"books\">\n";
    for (const auto* book : books) text += card(*book);
    return text + "</ul>\n";
}

std::string links_to(const std::vector<Category>& categories) {
    std::string text = "<ul class=\"categories\">\n";
    for (const auto& category : categories) {
        text += fmt::format(
            "<li><a href=\"/{}/1.html\">{} <span>{}</span></a></li>\n",
            category.folder,
            html(category.name),
            category.books.size()
        );
    }
    return text + "</ul>\n";
}

}  // namespace

std::string front(
    const std::vector<const Book*>& featured, const std::vector<Category>& categories, const Assets& assets
) {
    std::string content =
        "<div class=\"hero\"><h1>Books that are there when you are</h1>\n"
        "<p class=\"lead\">Classics, science, stories for children: chosen with care, sent the same day.</p></div>\n"
        "<h2>On the front shelf</h2>\n";
    content += cards(featured);
    content += "<p><a href=\"/books/1.html\">All books</a></p>\n";
    if (!categories.empty()) content += "<h2>Browse by category</h2>\n" + links_to(categories);
    return page("Books that are there when you are", content, assets);
}

std::string part_of_list(const Part& part, const Assets& assets) {
    const bool alone = part.count == 1;
    auto content = fmt::format(
        "<h1>{}</h1>\n<p class=\"lead\">{} {}{}</p>\n",
        html(part.title),
        part.total,
        part.total == 1 ? "book" : "books",
        alone ? "" : fmt::format(", page {} of {}", part.number, part.count)
    );
    content += cards(part.books);
    if (!alone) {
        content += "<nav class=\"pages\" aria-label=\"Pages\">";
        if (part.number > 1)
            content += fmt::format("<a rel=\"prev\" href=\"/{}/{}.html\">Back</a>", part.folder, part.number - 1);
        content += fmt::format("<span>Page {} of {}</span>", part.number, part.count);
        if (part.number < part.count)
            content += fmt::format("<a rel=\"next\" href=\"/{}/{}.html\">Next</a>", part.folder, part.number + 1);
        content += "</nav>\n";
    }
    return page(alone ? part.title : fmt::format("{}, page {}", part.title, part.number), content, assets);
}

std::string categories(const std::vector<Category>& categories, const Assets& assets) {
    return page("Categories", "<h1>Categories</h1>\n" + links_to(categories), assets);
}

std::string search(const SiteOptions& options, const Assets& assets) {
    const auto content = fmt::format(
        "<h1>Search</h1>\n<p role=\"status\">Type a title or an author above.</p>\n"
        "<noscript><p class=\"note\">Searching needs scripts. Without them you can "
        "<a href=\"/books/1.html\">browse all books</a>.</p></noscript>\n"
        "<ul class=\"books\" data-api=\"{}\"></ul>\n",
        html(options.api)
    );
    return page("Search", content, assets);
}

std::string not_found(const Assets& assets) {
    return page(
        "Not on this shelf",
        "<div class=\"hero\"><h1>This page is not on our shelf</h1>\n"
        "<p class=\"lead\">It may have moved. The books are where they were.</p>\n"
        "<p><a href=\"/index.html\">Go to the front page</a> or <a href=\"/books/1.html\">see all "
        "books</a>.</p></div>\n",
        assets
    );
}

std::string error(const Assets& assets) {
    return page(
        "Something went wrong",
        "<div class=\"hero\"><h1>Something went wrong on our side</h1>\n"
        "<p class=\"lead\">Your cart and your orders are safe. Please try again in a minute.</p>\n"
        "<p><a href=\"/index.html\">Go to the front page</a></p></div>\n",
        assets
    );
}

}  // namespace cloudshelf::bookstore::pages
