#pragma once

#include "region/contents/name.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

namespace cloudshelf::contents {

/// How many pins each name has. For several threads.
class Pins {
public:
    void add(const ContentName& name);
    void drop(const ContentName& name);
    bool has(const ContentName& name) const;
    std::size_t size() const;

private:
    mutable std::mutex mutex_;
    std::map<ContentName, std::size_t> counts_;
};

/// As long as one of a name is alive, its file is not removed. Whoever stores a reference to the file holds the pin
/// until that reference is committed. The argument why no referenced file is ever removed:
///
/// 1. A pin is made under the name's lock, when the file is there (`Writer::finish`, `Store::pin`).
/// 2. `Store::remove_unreferenced` holds the same lock while it looks for pins, then asks for references, then unlinks.
/// 3. Before it: there is a pin, or it was dropped, which was after the reference was committed, so that asking, which
///    comes later still, sees the reference. Behind it: the file is gone when the lock is had, `finish` puts its own in
///    place, and `pin` says "contents.missing".
///
/// So pins are looked for before references are asked for, and what answers reads what is committed.
class Pin {
public:
    Pin() = default;
    Pin(std::shared_ptr<Pins> pins, ContentName name);  // adds it; under the name's lock
    ~Pin() { drop(); }
    Pin(Pin&& other) noexcept;
    Pin& operator=(Pin&& other) noexcept;

    const ContentName& name() const { return name_; }
    /// Early, once the reference is committed.
    void drop();

private:
    std::shared_ptr<Pins> pins_;
    ContentName name_;
};

}  // namespace cloudshelf::contents
