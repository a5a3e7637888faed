package dataset

import "strings"

// place is a country with the people, cities and companies one meets there.
type place struct {
	country  string // ISO 3166-1 alpha-2
	currency string // ISO 4217
	// rate is minor units of the currency per US cent, times 100.
	rate int64
	// dial is the country's calling code; a phone number has digits digits after it and lead.
	dial, lead string
	digits     int
	weight     int
	first      []string
	last       []string
	cities     []city
	companies  []string
}

// city's position is in 1/100,000 degree.
type city struct {
	name     string
	lat, lon int64
}

// places are where customers live. Invented companies, common names, real cities.
func places() []place {
	return []place{
		{
			country: "BR", currency: "BRL", rate: 540, dial: "55", lead: "119", digits: 8, weight: 9,
			first:     names("Ana Beatriz João Thiago Camila Luíza Mateus Iara Caio Antônio Lívia Raí"),
			last:      names("Silva Souza Araújo Gonçalves Nascimento Ribeiro Conceição Teixeira Moura Falcão"),
			cities:    []city{{"São Paulo", -2355052, -4663331}, {"Recife", -805428, -3488126}, {"Belém", -145502, -4850237}},
			companies: []string{"Padaria Três Irmãos", "Oficina Norte Ltda", "Araucária Têxtil"},
		},
		{
			country: "NG", currency: "NGN", rate: 152000, dial: "234", lead: "803", digits: 7, weight: 8,
			first:     names("Amina Chinedu Folake Emeka Ngozi Tunde Zainab Ifeoma Segun Halima Obinna Yetunde"),
			last:      names("Okafor Adeyemi Balogun Eze Danjuma Nwosu Oladipo Bello Umeh Akpan"),
			cities:    []city{{"Lagos", 652438, 337921}, {"Kano", 1200218, 859196}, {"Enugu", 645827, 754640}},
			companies: []string{"Okafor, Bello & Sons", "Third Mainland Logistics", "Zuma Foods"},
		},
		{
			country: "IN", currency: "INR", rate: 8700, dial: "91", lead: "98", digits: 8, weight: 12,
			first:     names("Aarav Priya Rohan Lakshmi Arjun Meera Kabir Ananya Harpreet Fatima Vikram Nandini"),
			last:      names("Sharma Iyer Banerjee Patel Reddy Khan Singh Nair Deshmukh Chatterjee"),
			cities:    []city{{"Mumbai", 1907609, 7287743}, {"Kolkata", 2257265, 8836390}, {"Bengaluru", 1297160, 7759456}},
			companies: []string{"Monsoon Textiles", "Iyer & Patel, Chartered Accountants", "Neem Tree Labs"},
		},
		{
			country: "JP", currency: "JPY", rate: 155, dial: "81", lead: "90", digits: 8, weight: 8,
			first:     names("Haruto Yui Ren Sakura Sōta Hina Yūki Aoi Daiki Mei Kenji Natsuki"),
			last:      names("Satō Suzuki Takahashi Itō Watanabe Yamamoto Nakamura Kobayashi Mori Ōno"),
			cities:    []city{{"東京", 3567620, 13965031}, {"大阪", 3469374, 13550217}, {"Sapporo", 4306210, 14135430}},
			companies: []string{"あおば製作所", "Minato Denki", "Kawasemi Foods"},
		},
		{
			country: "DE", currency: "EUR", rate: 92, dial: "49", lead: "151", digits: 8, weight: 9,
			first:     names("Lena Jürgen Mia Björn Aylin Felix Käthe Jonas Sören Greta Emre Hannah"),
			last:      names("Müller Schröder Weiß Yılmaz Krüger Hoffmann Vogel Böhm Lindner Groß"),
			cities:    []city{{"Köln", 5093753, 696028}, {"Leipzig", 5133970, 1237307}, {"München", 4813513, 1158198}},
			companies: []string{"Krüger Feinmechanik GmbH", "Nordlicht Energie eG", "Bäckerei Groß & Töchter"},
		},
		{
			country: "MX", currency: "MXN", rate: 1850, dial: "52", lead: "55", digits: 8, weight: 7,
			first:     names("Sofía Diego Ximena José Guadalupe Íñigo Renata Emiliano Citlali Raúl Valeria Tomás"),
			last:      names("Hernández García Martínez López Peña Xicoténcatl Ramírez Núñez Cruz Villaseñor"),
			cities:    []city{{"Ciudad de México", 1943261, -9913321}, {"Mérida", 2096737, -8959258}, {"León", 2112290, -10168406}},
			companies: []string{"Tortillería \"La Güera\"", "Transportes del Bajío", "Café Jarocho"},
		},
		{
			country: "US", currency: "USD", rate: 100, dial: "1", lead: "415", digits: 7, weight: 14,
			first:     names("Olivia Marcus Grace Wei Jamal Hannah Luis Keisha Ethan Sunita Noah Rosa"),
			last:      names("Johnson O'Brien Washington Nguyen Rivera Cohen Begay Kowalski Lee Harris"),
			cities:    []city{{"Chicago", 4187811, -8762980}, {"San Antonio", 2942412, -9849363}, {"Portland", 4551223, -12265872}},
			companies: []string{"Harris, Lee & Cohen LLP", "Lakefront Hardware", "O'Brien \"Quick\" Printing, Inc."},
		},
		{
			country: "GB", currency: "GBP", rate: 79, dial: "44", lead: "77", digits: 8, weight: 7,
			first:     names("Siân Mohammed Charlotte Rhys Priti Callum Niamh Oluwaseun Imogen Alasdair Zara Tom"),
			last:      names("Evans Ahmed MacDonald Patel Clarke Begum Hughes Osei Fraser Whitfield"),
			cities:    []city{{"Leeds", 5380076, -154907}, {"Cardiff", 5148158, -317909}, {"Glasgow", 5586515, -425763}},
			companies: []string{"Whitfield & Daughters Ltd", "Clyde Marine Supplies", "Hughes Bakery, Cardiff"},
		},
		{
			country: "EG", currency: "EGP", rate: 5000, dial: "20", lead: "10", digits: 8, weight: 5,
			first:     names("Youssef Mariam Ahmed Nour Karim Salma Mina Habiba Tarek Dalia Omar Yasmine"),
			last:      names("Hassan Mostafa Ibrahim Naguib Fawzy Shenouda Abdelrahman Soliman Mansour Ghali"),
			cities:    []city{{"القاهرة", 3004420, 3123571}, {"Alexandria", 3120093, 2991874}, {"Aswan", 2408894, 3289981}},
			companies: []string{"Nile Delta Cotton", "Lotus Travel", "Ghali Pharma"},
		},
		{
			country: "PL", currency: "PLN", rate: 395, dial: "48", lead: "60", digits: 7, weight: 5,
			first:     names("Zofia Łukasz Agnieszka Paweł Małgorzata Michał Świętosława Jan Bożena Wojciech Kinga Rafał"),
			last:      names("Nowak Wiśniewski Wójcik Kamiński Zieliński Dąbrowska Szymańska Kozłowski Jabłońska Pawlak"),
			cities:    []city{{"Łódź", 5175924, 1945598}, {"Gdańsk", 5435203, 1864664}, {"Kraków", 5006465, 1994498}},
			companies: []string{"Piekarnia Świt", "Bałtyk Stal S.A.", "Pawlak i Wspólnicy, sp. j."},
		},
		{
			country: "VN", currency: "VND", rate: 2540, dial: "84", lead: "90", digits: 7, weight: 5,
			first:     names("Linh Minh Thảo Đức Hương Quân Ngọc Tuấn Mai Phúc Trang Khánh"),
			last:      names("Nguyễn Trần Lê Phạm Huỳnh Võ Đặng Bùi Đỗ Dương"),
			cities:    []city{{"Hà Nội", 2102776, 10583416}, {"Đà Nẵng", 1605441, 10820217}, {"Cần Thơ", 1004516, 10574685}},
			companies: []string{"Sông Hồng Gạo", "Bamboo Bridge Software", "Phở Bà Mai"},
		},
		{
			country: "KE", currency: "KES", rate: 12900, dial: "254", lead: "72", digits: 7, weight: 4,
			first:     names("Wanjiru Otieno Achieng Kamau Naliaka Kiprono Amani Baraka Zuhura Mwangi Chebet Juma"),
			last:      names("Njoroge Odhiambo Wambui Kiplagat Mutua Abdi Cheruiyot Ouma Kariuki Hassan"),
			cities:    []city{{"Nairobi", -129207, 3682195}, {"Mombasa", -404352, 3966821}, {"Kisumu", -9170, 3476796}},
			companies: []string{"Rift Valley Tea", "Matatu Works", "Lamu Dhow Builders"},
		},
		{
			country: "TR", currency: "TRY", rate: 4100, dial: "90", lead: "53", digits: 8, weight: 4,
			first:     names("Elif Mehmet Zeynep Çağlar Ayşe Oğuz Şebnem Emre İpek Baran Gülşen Deniz"),
			last:      names("Demir Çelik Şahin Öztürk Aydın Kılıç Güneş Arslan Doğan Koç"),
			cities:    []city{{"İstanbul", 4100824, 2897836}, {"İzmir", 3842373, 2714283}, {"Diyarbakır", 3791441, 4023063}},
			companies: []string{"Çelik \"Kardeşler\" A.Ş.", "Anadolu Seramik", "Güneş Tekstil"},
		},
		{
			country: "KR", currency: "KRW", rate: 1390, dial: "82", lead: "10", digits: 8, weight: 3,
			first:     names("Minjun Seoyeon Jiho Haeun Dohyun Soomin Yejun Chaewon Jisoo Hyunwoo Eunji Taeyang"),
			last:      names("Kim Park Choi Jeong Kang Yoon Jang Lim Han Shin"),
			cities:    []city{{"서울", 3756654, 12697797}, {"부산", 3517955, 12907564}, {"Gwangju", 3515954, 12685260}},
			companies: []string{"한강 소프트", "Hanok Living", "Baekdu Trading"},
		},
	}
}

func names(s string) []string { return strings.Fields(s) }

// folder spells lower-case names in ASCII, as they stand in an e-mail address.
func folder() *strings.Replacer {
	pairs := []string{"ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "'", ""}
	for _, group := range []string{
		"aáàãâąảạăầấặ", "cçć", "dđ", "eéêęễệ", "gğ", "iíìıị", "lł", "nñń", "oóòôõōỗọơ", "sśş", "uúùūưũứ", "yỳỹý", "zźż",
	} {
		plain, marked := group[:1], group[1:]
		for _, letter := range marked {
			pairs = append(pairs, string(letter), plain)
		}
	}
	return strings.NewReplacer(pairs...)
}
