#include "region/contents/pins.hpp"

#include <utility>

namespace cloudshelf::contents {

void Pins::add(const ContentName& name) {
    const std::lock_guard lock(mutex_);
    ++counts_[name];
}

void Pins::drop(const ContentName& name) {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(name);
    if (--found->second == 0) counts_.erase(found);
}

bool Pins::has(const ContentName& name) const {
    const std::lock_guard lock(mutex_);
    return counts_.contains(name);
}

std::size_t Pins::size() const {
    const std::lock_guard lock(mutex_);
    return counts_.size();
}

Pin::Pin(std::shared_ptr<Pins> pins, ContentName name) : pins_(std::move(pins)), name_(std::move(name)) {
    pins_->add(name_);
}

Pin::Pin(Pin&& other) noexcept : pins_(std::move(other.pins_)), name_(std::move(other.name_)) {}

Pin& Pin::operator=(Pin&& other) noexcept {
    std::swap(pins_, other.pins_);
    std::swap(name_, other.name_);
    return *this;
}

void Pin::drop() {
    if (pins_ == nullptr) return;
    pins_->drop(name_);
    pins_.reset();
}

}  // namespace cloudshelf::contents
