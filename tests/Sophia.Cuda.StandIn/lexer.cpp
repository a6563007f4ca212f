#include <cctype>

#include "syntax.h"

namespace standin {

namespace {

bool begins_word(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '%' || c == '.'; }

bool goes_on(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '.' || c == ':'; }

}

std::vector<Token> tokens_of(const std::string& text) {
    std::vector<Token> tokens;
    uint32_t line = 1;
    for (size_t i = 0; i < text.size();) {
        const char c = text[i];
        if (c == '\n') {
            line++;
            i++;
        } else if (std::isspace(static_cast<unsigned char>(c))) {
            i++;
        } else if (text.compare(i, 2, "//") == 0) {
            i = std::min(text.find('\n', i), text.size());
        } else if (text.compare(i, 2, "/*") == 0) {
            const size_t end = text.find("*/", i + 2);
            if (end == std::string::npos) {
                throw PtxError("line " + std::to_string(line) + ": a comment has no end");
            }

            for (; i < end + 2; i++) {
                line += text[i] == '\n';
            }
        } else if (c == '"') {
            const size_t end = text.find('"', i + 1);
            if (end == std::string::npos) {
                throw PtxError("line " + std::to_string(line) + ": a string has no end");
            }

            tokens.push_back({Token::Text, text.substr(i + 1, end - i - 1), line});
            i = end + 1;
        } else if (begins_word(c)) {
            size_t end = i + 1;
            // A colon belongs to a word only as `::` (`.L1::evict_last`); a single one ends a label.
            while (end < text.size() && goes_on(text[end]) && (text[end] != ':' || text.compare(end, 2, "::") == 0 || text[end - 1] == ':')) {
                end++;
            }

            tokens.push_back({Token::Word, text.substr(i, end - i), line});
            i = end;
        } else if (std::isdigit(static_cast<unsigned char>(c))) {
            size_t end = i + 1;
            while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '.')) {
                end++;
            }

            tokens.push_back({Token::Number, text.substr(i, end - i), line});
            i = end;
        } else {
            tokens.push_back({Token::Punctuation, std::string(1, c), line});
            i++;
        }
    }

    tokens.push_back({Token::End, "", line});
    return tokens;
}

}
