#pragma once

#include "bookstore/site.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

/// The pages' HTML. Addresses are absolute paths, so that error pages work wherever they are shown.
namespace cloudshelf::bookstore::pages {

/// Where the assets are, by their hashed names.
struct Assets {
    std::string css;
    std::string js;
    std::string logo;
};

struct Category {
    std::string name;
    std::string folder;  // "categories/science-fiction"
    std::vector<const Book*> books;
};

/// A part of a list of books. `folder`: "/books"; its pages are 1.html, 2.html, …
struct Part {
    std::string title;
    std::string folder;
    std::size_t number = 1;  // of this page
    std::size_t count = 1;   // of pages
    std::size_t total = 0;   // of books, those beyond the last page included
    std::vector<const Book*> books;
};

std::string front(
    const std::vector<const Book*>& featured, const std::vector<Category>& categories, const Assets& assets
);
std::string part_of_list(const Part& part, const Assets& assets);
std::string categories(const std::vector<Category>& categories, const Assets& assets);
std::string search(const SiteOptions& options, const Assets& assets);
std::string not_found(const Assets& assets);
std::string error(const Assets& assets);

}  // namespace cloudshelf::bookstore::pages
